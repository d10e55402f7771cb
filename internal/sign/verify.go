package sign

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"github.com/getpurser/purser/internal/fault"
)

// Expect pins what a token must be. Type, Issuer and Audience are required.
type Expect struct {
	// Type is the header's typ, exactly.
	Type string
	// Issuer and Audience are iss and aud, exactly; aud must be that alone.
	Issuer, Audience string
	// Now is the clock; nil means this machine's.
	Now func() time.Time
	// Leeway is what exp, nbf and iat may be off by.
	Leeway time.Duration
}

// header is the whole of a token's protected header: whatever else one has
// (jku, jwk, x5u, x5c, crit, zip, …) makes it not ours.
type header struct {
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	Typ string `json:"typ"`
}

const (
	maxToken = 8 << 10
	// kidLength is that of a SHA-256 thumbprint in base64url.
	kidLength = 43
	// unknownPerSecond and unknownBurst bound how often unknown key ids make
	// this process ask the database.
	unknownPerSecond, unknownBurst = 1, 5
)

var errInvalid = fault.New(fault.Unauthenticated, "token_invalid", "The token does not hold.")

// Verify checks a token and reads its claims, which must be a pointer. Every failure of the token is Unauthenticated with one
// of the codes token_invalid, token_wrong_type, token_wrong_issuer,
// token_wrong_audience, token_expired and token_not_yet_valid.
func (s *KeySet) Verify(ctx context.Context, token string, want Expect, claims jwt.Claims) error {
	if want.Type == "" || want.Issuer == "" || want.Audience == "" {
		return errors.New("sign: a token is only verified against a type, an issuer and an audience")
	}
	parts, err := split(token)
	if err != nil {
		return errInvalid.Because(err)
	}
	var h header
	if err := json.Unmarshal(parts.header, &h, json.RejectUnknownMembers(true)); err != nil {
		return errInvalid.Because(err)
	}
	if h.Typ != want.Type {
		return fault.New(fault.Unauthenticated, "token_wrong_type", "The token is of another kind.")
	}
	k, err := s.find(ctx, h)
	if err != nil {
		return errInvalid.Because(err)
	}
	if err := k.algorithm.method().Verify(parts.signed, parts.signature, k.public); err != nil {
		return errInvalid.Because(err)
	}
	if err := readClaims(parts.payload, claims); err != nil {
		return errInvalid.Because(err)
	}
	return validate(want, claims)
}

// parts are a token's decoded segments and the text that is signed.
type parts struct {
	header, payload, signature []byte
	signed                     string
}

// split is strict: three segments of unpadded canonical base64url and nothing
// else, no line breaks, which Go's decoder would skip.
func split(token string) (p parts, err error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return p, errors.New("too long or with line breaks")
	}
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		return p, errors.New("not three segments")
	}
	for i, into := range []*[]byte{&p.header, &p.payload, &p.signature} {
		if *into, err = b64.DecodeString(segments[i]); err != nil {
			return p, err
		}
	}
	p.signed = segments[0] + "." + segments[1]
	return p, nil
}

// find looks the key up by its id and holds the header to its one algorithm.
func (s *KeySet) find(ctx context.Context, h header) (*key, error) {
	if len(h.Kid) != kidLength {
		return nil, errors.New("not one of our key ids")
	}
	k := s.current.Load().keys[h.Kid]
	if k == nil {
		s.reloadSoon(ctx)
		k = s.current.Load().keys[h.Kid]
	}
	if k == nil {
		return nil, errors.New("unknown key")
	}
	if h.Alg != string(k.algorithm) {
		return nil, errors.New("another algorithm than the key's")
	}
	return k, nil
}

// reloadSoon looks for keys of other replicas, unless strangers have made it
// look too often.
func (s *KeySet) reloadSoon(ctx context.Context) {
	if !s.unknown.Allow() {
		return
	}
	if err := s.reload(ctx); err != nil {
		s.config.Logger.Warn("signing keys could not be reloaded", "error", err)
	}
}
