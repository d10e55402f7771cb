package sign

import (
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"github.com/getpurser/purser/internal/fault"
)

// readClaims decodes with exact names and no duplicates. The times must be
// integers: golang-jwt would take strings, fractions and exponents.
func readClaims(payload []byte, claims jwt.Claims) error {
	var times struct {
		Exp jsontext.Value `json:"exp"`
		Nbf jsontext.Value `json:"nbf"`
		Iat jsontext.Value `json:"iat"`
	}
	if err := json.Unmarshal(payload, &times); err != nil {
		return err
	}
	for _, v := range []jsontext.Value{times.Exp, times.Nbf, times.Iat} {
		if v == nil {
			continue // whether it may be absent is for validate
		}
		if _, err := strconv.ParseInt(string(v), 10, 64); err != nil {
			return err
		}
	}
	return json.Unmarshal(payload, claims)
}

// validate holds the claims to what is expected.
func validate(want Expect, claims jwt.Claims) error {
	now := want.Now
	if now == nil {
		now = time.Now
	}
	err := jwt.NewValidator(jwt.WithIssuer(want.Issuer), jwt.WithAudience(want.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(want.Leeway),
		jwt.WithTimeFunc(now)).Validate(claims)
	if err == nil {
		return onlyAudience(claims)
	}
	return explain(err)
}

func onlyAudience(claims jwt.Claims) error {
	if audience, err := claims.GetAudience(); err != nil || len(audience) != 1 {
		return explain(errors.Join(jwt.ErrTokenInvalidAudience, err))
	}
	return nil
}

// explain gives a failed claim its code. A token for somebody else is that,
// also when it has expired.
func explain(err error) error {
	for _, known := range []struct {
		is         error
		code, text string
	}{
		{jwt.ErrTokenInvalidIssuer, "token_wrong_issuer", "The token was issued by somebody else."},
		{jwt.ErrTokenInvalidAudience, "token_wrong_audience", "The token is meant for somebody else."},
		{jwt.ErrTokenRequiredClaimMissing, errInvalid.Code, errInvalid.Text},
		{jwt.ErrTokenExpired, "token_expired", "The token has expired."},
		{jwt.ErrTokenNotValidYet, "token_not_yet_valid", "The token is not valid yet."},
		{jwt.ErrTokenUsedBeforeIssued, "token_not_yet_valid", "The token is not valid yet."},
	} {
		if errors.Is(err, known.is) {
			return fault.New(fault.Unauthenticated, known.code, "%s", known.text).Because(err)
		}
	}
	return errInvalid.Because(err)
}
