// Package verify checks Purser's signed decisions offline, for payment
// processors that are written in Go: the signature against the server's key
// set, which it keeps and renews, and every claim that a processor must not
// forget. See docs/verify.md.
package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// tokenType is the JWT type of decisions: no other token passes for one.
const tokenType = "spend-auth+jwt"

// Config says what a decision must be.
type Config struct {
	// Issuer is the server's address; for test mode with /test after it. It is
	// required.
	Issuer string
	// Audience is the company's token audience; empty means the issuer.
	Audience string
	// KeySetURL is where the public keys are. Empty is the issuer's
	// /.well-known/jwks.json.
	KeySetURL string
	// Keys, if set, are used instead of fetching any: a saved JWKS document.
	Keys jwk.Set
	// Algorithms may sign. Empty means RS256, ES256 and EdDSA.
	Algorithms []string
	// AcceptTest lets decisions of test mode pass. Nobody pays on those.
	AcceptTest bool
	// HTTP fetches the keys; nil means a client that waits 10 seconds.
	HTTP *http.Client
	// Clock tells the time; nil means the machine's.
	Clock func() time.Time
}

// Decision is what was signed. It is an approval: a denial is ErrDenied.
type Decision struct {
	// Authorization is the authorization's id: pay on each once.
	Authorization string
	// Agent and Company are ids.
	Agent, Company string
	// Amount is a decimal in major units, such as 249.99, and Currency its ISO
	// 4217 code in lower case. Compare both with the payment, as text.
	Amount, Currency string
	// Merchant is the name, Domain and MCC may be empty. Rail is api, card, iban,
	// invoice or crypto.
	Merchant, Domain, MCC, Rail string
	LiveMode                    bool
	IssuedAt, ExpiresAt         time.Time
}

// The reasons that a token is no approval to pay on. ErrInvalid is everything
// that is wrong with the token itself.
var (
	ErrInvalid = errors.New("verify: not a valid decision")
	ErrExpired = fmt.Errorf("%w: it is over", ErrInvalid)
	ErrDenied  = errors.New("verify: the decision is a denial")
	// ErrKeys says that the key set cannot be had, so nothing is known.
	ErrKeys = errors.New("verify: the key set cannot be fetched")
)

// leeway forgives clocks that differ.
const leeway = 30 * time.Second

// Verifier checks decisions. It is safe for use by several goroutines.
type Verifier struct {
	config     Config
	algorithms []jwa.SignatureAlgorithm
	keys       *keys
}

// New makes a verifier. Nothing is fetched before the first token.
func New(c Config) (*Verifier, error) {
	if c.Issuer == "" {
		return nil, errors.New("verify: the issuer is missing")
	}
	if c.Audience == "" {
		c.Audience = c.Issuer
	}
	if c.KeySetURL == "" {
		c.KeySetURL = strings.TrimSuffix(c.Issuer, "/test") + "/.well-known/jwks.json"
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = []string{"RS256", "ES256", "EdDSA"}
	}
	v := &Verifier{config: c, keys: newKeys(c)}
	for _, name := range c.Algorithms {
		algorithm, ok := jwa.LookupSignatureAlgorithm(name)
		if !ok || algorithm.IsSymmetric() || algorithm == jwa.NoSignature() {
			return nil, fmt.Errorf("verify: %q is not an algorithm that decisions are signed with", name)
		}
		v.algorithms = append(v.algorithms, algorithm)
	}
	return v, nil
}

// Verify checks a token and gives what it approves. The caller still compares
// amount, currency and merchant with the payment at hand, and pays on each
// authorization once.
//
// Errors match ErrInvalid, ErrExpired (which is also ErrInvalid), ErrDenied or
// ErrKeys.
func (v *Verifier) Verify(ctx context.Context, token string) (Decision, error) {
	header, err := v.header(token)
	if err != nil {
		return Decision{}, err
	}
	key, err := v.keys.find(ctx, header.kid)
	if err != nil {
		return Decision{}, err
	}
	if own, ok := key.Algorithm(); ok && own.String() != header.algorithm.String() {
		return Decision{}, fmt.Errorf("%w: the key is for another algorithm", ErrInvalid)
	}
	claims, err := jwt.Parse([]byte(token), jwt.WithKey(header.algorithm, key), jwt.WithValidate(true),
		jwt.WithIssuer(v.config.Issuer), jwt.WithAudience(v.config.Audience), jwt.WithAcceptableSkew(leeway),
		jwt.WithClock(jwt.ClockFunc(v.config.Clock)), jwt.WithRequiredClaim("exp"), jwt.WithRequiredClaim("nbf"),
		jwt.WithRequiredClaim("iat"), jwt.WithRequiredClaim("jti"))
	if errors.Is(err, jwt.TokenExpiredError()) {
		return Decision{}, ErrExpired
	}
	if err != nil {
		return Decision{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return v.decision(claims)
}

type header struct {
	kid       string
	algorithm jwa.SignatureAlgorithm
}

// header reads which key a token names, and refuses what no decision has.
func (v *Verifier) header(token string) (h header, err error) {
	message, err := jws.Parse([]byte(token), jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return h, fmt.Errorf("%w: it is not a signed token", ErrInvalid)
	}
	protected := message.Signatures()[0].ProtectedHeaders()
	kind, _ := protected.Type()
	algorithm, _ := protected.Algorithm()
	kid, named := protected.KeyID()
	switch {
	case kind != tokenType:
		return h, fmt.Errorf("%w: its type is %q, not %q", ErrInvalid, kind, tokenType)
	case !slices.Contains(v.algorithms, algorithm):
		return h, fmt.Errorf("%w: its algorithm is not accepted", ErrInvalid)
	case !named:
		return h, fmt.Errorf("%w: it names no key", ErrInvalid)
	}
	return header{kid, algorithm}, nil
}

func (v *Verifier) decision(claims jwt.Token) (Decision, error) {
	var d Decision
	var verdict string
	for name, target := range map[string]any{"company": &d.Company, "amount": &d.Amount, "currency": &d.Currency, "merchant": &d.Merchant,
		"domain": &d.Domain, "mcc": &d.MCC, "rail": &d.Rail, "decision": &verdict, "livemode": &d.LiveMode} {
		if err := claims.Get(name, target); err != nil {
			return Decision{}, fmt.Errorf("%w: the claim %s is missing or of another kind", ErrInvalid, name)
		}
	}
	d.Authorization, _ = claims.JwtID()
	d.Agent, _ = claims.Subject()
	d.IssuedAt, _ = claims.IssuedAt()
	d.ExpiresAt, _ = claims.Expiration()
	switch {
	case d.Agent == "" || d.Authorization == "" || d.Amount == "" || d.Currency == "":
		return Decision{}, fmt.Errorf("%w: a claim is empty", ErrInvalid)
	case !d.LiveMode && !v.config.AcceptTest:
		return Decision{}, fmt.Errorf("%w: it is of test mode", ErrInvalid)
	case verdict == "DENIED":
		return d, ErrDenied
	case verdict != "APPROVED":
		return Decision{}, fmt.Errorf("%w: its decision is %q", ErrInvalid, verdict)
	}
	return d, nil
}
