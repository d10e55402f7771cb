package spend

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TestClaimsAreMarshalled holds that a token does not depend on what wrote its
// claims.
func TestClaimsAreMarshalled(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 987_654_321, time.UTC)
	for _, merchant := range []string{"", "AWS", `Müller & "Söhne" <GmbH>`, "a\\b\n\u2028😀\x7f"} {
		c := Claims{RegisteredClaims: jwt.RegisteredClaims{Issuer: "https://purser.example", Subject: "agent_1", Audience: jwt.ClaimStrings{"https://shop.example/?a=1&b"},
			ExpiresAt: jwt.NewNumericDate(at.Add(time.Minute)), NotBefore: jwt.NewNumericDate(at), IssuedAt: jwt.NewNumericDate(at), ID: "auth_1"},
			Company: "co_1", Amount: "249.99", Currency: "usd", Merchant: merchant, Domain: merchant, MCC: "7372", Rail: "api", Decision: "APPROVED", LiveMode: merchant == ""}
		want, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.append(nil); string(got) != string(want) {
			t.Errorf("%s\nwanted\n%s", got, want)
		}
	}
}
