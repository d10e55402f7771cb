package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/getpurser/purser/internal/access"
)

// forgeries are tokens made of a good one; other is a good one of another kind.
// Package sign has the whole corpus: these show that each door asks it.
func forgeries(t *testing.T, w *world, good, other string) map[string]string {
	t.Helper()
	claims := jwt.MapClaims{}
	parsed, parts, err := jwt.NewParser().ParseUnverified(good, claims)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwks := w.anybody().want(200, "", "GET", "/.well-known/jwks.json", nil).body
	sign := func(m jwt.SigningMethod, key any, header map[string]any, changed jwt.MapClaims) string {
		token := jwt.NewWithClaims(m, jwt.MapClaims{})
		all := maps.Clone(claims)
		maps.Copy(all, changed)
		token.Claims = all
		maps.Copy(token.Header, parsed.Header)
		token.Header["alg"] = m.Alg()
		maps.Copy(token.Header, header)
		s, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	own := func(changed jwt.MapClaims) string {
		all := maps.Clone(claims)
		maps.Copy(all, changed)
		for name, v := range changed {
			if v == nil {
				delete(all, name)
			}
		}
		s, err := w.api.keys.Sign(parsed.Header["typ"].(string), all)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`))
	return map[string]string{
		"no algorithm":                  sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"HS256 with the public keys":    sign(jwt.SigningMethodHS256, jwks, nil, nil),
		"another key, the same kid":     sign(jwt.SigningMethodES256, stranger, nil, nil),
		"another key in the header":     sign(jwt.SigningMethodES256, stranger, map[string]any{"jwk": map[string]any{"kty": "EC"}}, nil),
		"another key's address":         sign(jwt.SigningMethodES256, stranger, map[string]any{"jku": w.URL + "/.well-known/jwks.json"}, nil),
		"a kid that is a path":          sign(jwt.SigningMethodHS256, []byte{}, map[string]any{"kid": "../../dev/null"}, nil),
		"a kid that is a query":         sign(jwt.SigningMethodES256, stranger, map[string]any{"kid": "' OR 1=1 --"}, nil),
		"no kid":                        sign(jwt.SigningMethodES256, stranger, map[string]any{"kid": ""}, nil),
		"no signature":                  parts[0] + "." + parts[1] + ".",
		"another payload":               parts[0] + "." + payload + "." + parts[2],
		"another type":                  other,
		"expired":                       own(jwt.MapClaims{"exp": 1}),
		"of the future":                 own(jwt.MapClaims{"iat": time.Now().Add(time.Hour).Unix(), "nbf": time.Now().Add(time.Hour).Unix(), "exp": time.Now().Add(2 * time.Hour).Unix()}),
		"no expiry":                     own(jwt.MapClaims{"exp": nil}),
		"another issuer":                own(jwt.MapClaims{"iss": "http://evil.example"}),
		"another audience":              own(jwt.MapClaims{"aud": []string{"evil"}}),
		"two audiences":                 own(jwt.MapClaims{"aud": []string{fmt.Sprint(claims["aud"]), "evil"}}),
		"for another subject":           own(jwt.MapClaims{"sub": "person_00000000000000000000000000", "jti": "auth_00000000000000000000000000", "sid": "sess_00000000000000000000000000"}),
		"with padding":                  good + "=",
		"with a line break":             parts[0] + "\n." + parts[1] + "." + parts[2],
		"in four parts":                 good + "." + parts[2],
		"as JSON":                       `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"loose ends of the last letter": loose(good),
		"twice":                         good + " " + good,
		"of 9 KB":                       parts[0] + "." + strings.Repeat(payload, 600) + "." + parts[2],
	}
}

// loose changes bits of the last letter that no byte is made of.
func loose(token string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, token[len(token)-1])
	return token[:len(token)-1] + string(letters[last^1])
}

// TestForgedTokensAtTheDoors tries forged tokens where tokens are taken: for a
// session, to be redeemed, and as a key.
func TestForgedTokensAtTheDoors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	f := w.newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(100))
	session := strings.TrimPrefix(f.owner.header["Authorization"], "Bearer ")
	spending := f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 1)).text("token")
	for name, token := range forgeries(t, w, session, spending) {
		if strings.ContainsAny(token, "\n") {
			continue // no header can carry it
		}
		if a := w.with("Authorization", "Bearer "+token).do("GET", "/v1/company", nil); a.status != 401 {
			t.Errorf("session, %s: %d %s", name, a.status, a.body)
		}
		if a := w.with("X-API-Key", token).do("GET", "/v1/auth/session", nil); a.status != 401 {
			t.Errorf("session as a key, %s: %d %s", name, a.status, a.body)
		}
	}
	for name, token := range forgeries(t, w, spending, session) {
		if a := f.settle.do("POST", "/v1/tokens/redeem", map[string]any{"token": token}); a.status != 422 && a.status != 404 && a.status != 401 && a.status != 409 {
			t.Errorf("redeem, %s: %d %s", name, a.status, a.body)
		}
		if a := w.anybody().do("POST", "/v1/auth/validate", map[string]any{"key": token}); a.status != 422 && a.text("valid") != "false" {
			t.Errorf("validate, %s: %d %s", name, a.status, a.body)
		}
	}
	redeemed := f.settle.want(200, "", "POST", "/v1/tokens/redeem", map[string]any{"token": spending})
	if redeemed.at("redeemed_at") == nil || redeemed.text("amount") != "1.00" {
		t.Errorf("the good one: %s", redeemed.body)
	}
}

// TestTamperedCursors changes every letter of a cursor, and its dress.
func TestTamperedCursors(t *testing.T) {
	t.Parallel()
	f := newWorld(t, unlimited).newFirm("a@example.com")
	for _, handle := range []string{"a", "b", "c"} {
		f.agent(handle)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	fast := f.side("test").key
	cursor := fast.want(200, "", "GET", "/v1/agents?limit=1", nil).text("next_cursor")
	fast.want(200, "", "GET", "/v1/agents?limit=2&cursor="+cursor, nil)
	tampered := []string{cursor[1:], cursor[:len(cursor)-1], cursor + "A", "A" + cursor, cursor + "%3D", cursor + "%0A", "%20" + cursor, cursor + "%00",
		strings.ToLower(cursor), strings.Repeat("A", len(cursor)), base64.StdEncoding.EncodeToString([]byte(cursor))}
	for i := range cursor {
		at := strings.IndexByte(letters, cursor[i])
		tampered = append(tampered, cursor[:i]+string(letters[at^1])+cursor[i+1:], cursor[:i]+string(letters[(at+17)%64])+cursor[i+1:])
	}
	for _, bad := range tampered {
		if a := fast.do("GET", "/v1/agents?limit=1&cursor="+bad, nil); a.status != 400 && a.status != 422 || a.status == 422 && !strings.Contains(bad, "%00") {
			t.Errorf("%s: %d %s", bad, a.status, a.body)
		}
	}
	for _, elsewhere := range []string{"/v1/policies?", "/v1/api-keys?", "/v1/members?", "/v1/audit?", "/v1/agents/a/credentials?", "/v1/agents?status=active&"} {
		fast.want(400, "invalid_cursor", "GET", elsewhere+"cursor="+cursor, nil)
	}
}

// TestForwardedForIsNotBelieved sends each request from another address, as far
// as headers say, and meets the limits of the one that it comes from.
func TestForwardedForIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *access.Config) { c.LinksPerClient, c.FailuresPerMinute = 3, 3 })
	links, failures := 0, 0
	for i := range 8 {
		client := w.anybody()
		for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP", "X-Originating-IP"} {
			client = client.with(name, fmt.Sprintf("198.51.100.%d", i))
		}
		if a := client.do("POST", "/v1/auth/magic-link", map[string]any{"email": fmt.Sprintf("p%d@example.com", i)}); a.status == 429 {
			links++
		}
		if a := client.with("X-API-Key", "ag_test_"+strings.Repeat(fmt.Sprint(i), 43)).do("GET", "/v1/agents", nil); a.status == 429 && a.header.Get("Retry-After") != "" {
			failures++
		}
	}
	if links != 5 || failures != 5 {
		t.Errorf("%d links and %d failures of 8 were too many, wanted 5 of each", links, failures)
	}
}

// TestHostIsNotBelieved asks for a mail and for an error under other names of
// the server: what is written names the server as it was configured.
func TestHostIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	evil := w.with("X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example", "X-Original-URL", "/dev/mail", "X-Rewrite-URL", "/dev/mail", "Origin", "http://evil.example", "Referer", "http://evil.example/")
	evil.want(202, "", "POST", "/v1/auth/magic-link", map[string]any{"email": "a@example.com"})
	for _, m := range w.mailbox.Items() {
		if all := m.Text + m.HTML + m.Subject; strings.Contains(all, "evil") || !strings.Contains(m.Text, worldBase+"/") {
			t.Errorf("mail: %+v", m)
		}
	}
	a := evil.want(401, "", "GET", "/v1/company", nil)
	if strings.Contains(string(a.body), "evil") || a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Location") != "" {
		t.Errorf("error: %v %s", a.header, a.body)
	}
	for _, path := range []string{"/v3/api-docs", "/swagger-ui.html", "/.well-known/jwks.json"} {
		if a := evil.do("GET", path, nil); a.status != 200 || strings.Contains(string(a.body), "evil") {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// TestNumbersOfEveryBadKind sends each as an amount and as a whole number: the
// answer is a problem, or the amount is exactly what was written.
func TestNumbersOfEveryBadKind(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(1_000_000))
	taken := map[string]string{"1": "1.00", "1.0": "1.00", "1.00": "1.00", "1e0": "1.00", "1E+0": "1.00", "10e-1": "1.00", `"1.00"`: "1.00", `"1e1"`: "10.00", "0.01": "0.01", "0.1e1": "1.00"}
	refused := []string{"1e400", "-1e400", "1e-400", "-0", "0", "0.0", "-1", "1.001", "0x10", "NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "1_000", "1,5", "1e", "1e+", "٣", "１", "true", "null", "[]", "[1]", "{}",
		"1000000000001", "9223372036854775808", "92233720368547758.08", strings.Repeat("9", 99), strings.Repeat("9", 5000), "1e1000000000", "0." + strings.Repeat("0", 50) + "1",
		`""`, `" 1"`, `"1 "`, `"0x10"`, `"1_000"`, `"NaN"`, `"01"`, `"+1"`, `"1,5"`, `"１"`, `"1\u0000"`, `"-1"`, `"1.001"`, `"1e400"`, "1 1", "--1", "1-1"}
	body := func(amount, expires string) string {
		return `{"agent":"bot","currency":"usd","merchant":{"name":"AWS"},"amount":` + amount + `,"expires_in":` + expires + `}`
	}
	for text, want := range taken {
		if a := f.spend.want(200, "", "POST", "/v1/authorize", body(text, "900")); a.text("amount") != want {
			t.Errorf("%s became %s", text, a.text("amount"))
		}
	}
	for _, text := range refused {
		if a := f.spend.do("POST", "/v1/authorize", body(text, "900")); a.status != 400 && a.status != 422 {
			t.Errorf("amount %.50s: %d %s", text, a.status, a.body)
		}
		if text == "1" {
			continue
		}
		if a := f.spend.do("POST", "/v1/authorize", body("1", text)); a.status != 400 && a.status != 422 {
			t.Errorf("expires_in %.50s: %d %s", text, a.status, a.body)
		}
	}
	if l := f.read.want(200, "", "GET", "/v1/authorizations?limit=200", nil); l.size("data") != len(taken) {
		t.Errorf("%d authorizations, wanted %d", l.size("data"), len(taken))
	}
}

// TestNamesOfEveryBadKind sends text that cannot be stored or that deceives.
func TestNamesOfEveryBadKind(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(limit(1000), rule{"type": "merchant", "mode": "block", "values": []string{"casino*"}})
	merchant := func(raw string) answer {
		return f.spend.do("POST", "/v1/authorize", `{"agent":"bot","currency":"usd","amount":1,"merchant":{"name":`+raw+`}}`)
	}
	for _, raw := range []string{`"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udfff\ud800"`, "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xff\"", "\"a\nb\"", `"a\u001bb"`, `"a\u0085b"`, `"\u202egnp.exe"`,
		`"a\u2066b"`, `"a\u200eb"`, `""`, `" "`, `"\u3000"`, `"` + strings.Repeat("x", 257) + `"`, `["AWS"]`, `{}`, "\"\xef\xbb\xbf"} {
		if a := merchant(raw); a.status != 400 && a.status != 422 {
			t.Errorf("%q: %d %s", raw, a.status, a.body)
		}
	}
	for _, raw := range []string{`"casino"`, `"CASINO"`, `"ＣＡＳＩＮＯ"`, `"c\u200basino"`, `"ca\u00adsino"`, `" casino\u00a0"`, `"\ufeffcasino"`, `"c\u034fasino"`, `"casino\ufe0f"`} {
		if a := merchant(raw); a.text("reason_code") != "merchant_blocked" {
			t.Errorf("%s passes the block list: %d %s", raw, a.status, a.body)
		}
	}
	if a := merchant(`"сasino"`); a.text("decision") != "APPROVED" { // another letter is another name: allow lists are for that
		t.Errorf("a Cyrillic letter: %s", a.body)
	}
	if d, err := json.Marshal(f.read.want(200, "", "GET", "/v1/authorizations?merchant=CASINO", nil).json); err != nil || !strings.Contains(string(d), "merchant_blocked") {
		t.Errorf("%s %v", d, err)
	}
}

// TestExportsHaveNoFormulas writes formulas wherever a caller's text gets into
// the audit log, exports it as CSV, and looks for a cell that begins as one.
func TestExportsHaveNoFormulas(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	for i, start := range []string{"=", "+", "-", "@", "|", "＝", "＋", "－", "＠", "'=", " =", "\u00a0="} {
		text := start + `cmd|' /C calc'!A0`
		by := f.owner.with("X-Request-Id", "-1-1")
		by.want(201, "", "POST", "/v1/api-keys", map[string]any{"name": text, "mode": "test", "scopes": []string{"read"}})
		by.want(201, "", "POST", "/v1/agents", map[string]any{"handle": fmt.Sprintf("f%d", i), "name": text, "description": text, "metadata": map[string]string{"k": text}})
		by.want(201, "", "POST", "/v1/policies", map[string]any{"name": text, "status": "draft", "rules": []rule{limit(1)}})
	}
	exported := f.read.want(200, "", "GET", "/v1/audit?format=csv", nil)
	rows, err := csv.NewReader(strings.NewReader(string(exported.body))).ReadAll()
	if err != nil || len(rows) < 36 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if bare := strings.TrimLeft(cell, " \"\u00a0\t\r\n"); bare != "" && strings.ContainsRune("=+-@|＝＋－＠", []rune(bare)[0]) {
				t.Errorf("a cell begins as a formula: %q", cell)
			}
		}
	}
}
