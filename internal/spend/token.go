package spend

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
)

// TokenType is the header's typ of a decision.
const TokenType = "spend-auth+jwt"

// TokenLifetime bounds a token's exp after its issue.
const TokenLifetime = 15 * time.Minute

// Claims is what a signed decision says.
type Claims struct {
	jwt.RegisteredClaims
	Company  string `json:"company"`
	Amount   string `json:"amount"` // decimal, major units
	Currency string `json:"currency"`
	Merchant string `json:"merchant"`
	Domain   string `json:"domain"`
	MCC      string `json:"mcc"`
	Rail     string `json:"rail"`
	Decision string `json:"decision"`
	LiveMode bool   `json:"livemode"`
}

// append writes the claims as JSON: the very bytes of json.Marshal, so that a token is
// the same whichever wrote it, for a quarter of its time.
func (c *Claims) append(b []byte) []byte {
	b = policy.AppendText(b, `{"iss":`, c.Issuer)
	b = policy.AppendText(b, `,"sub":`, c.Subject)
	b = append(policy.AppendText(b, `,"aud":[`, c.Audience[0]), ']')
	b = strconv.AppendInt(append(b, `,"exp":`...), c.ExpiresAt.Unix(), 10)
	b = strconv.AppendInt(append(b, `,"nbf":`...), c.NotBefore.Unix(), 10)
	b = strconv.AppendInt(append(b, `,"iat":`...), c.IssuedAt.Unix(), 10)
	b = policy.AppendText(b, `,"jti":`, c.ID)
	b = policy.AppendText(b, `,"company":`, c.Company)
	b = policy.AppendText(b, `,"amount":`, c.Amount)
	b = policy.AppendText(b, `,"currency":`, c.Currency)
	b = policy.AppendText(b, `,"merchant":`, c.Merchant)
	b = policy.AppendText(b, `,"domain":`, c.Domain)
	b = policy.AppendText(b, `,"mcc":`, c.MCC)
	b = policy.AppendText(b, `,"rail":`, c.Rail)
	b = policy.AppendText(b, `,"decision":`, c.Decision)
	return append(strconv.AppendBool(append(b, `,"livemode":`...), c.LiveMode), '}')
}

// issuer and audience are a tenant's; test tokens are for nobody's money, and
// say so in both.
func (s *Service) issuer(t ident.Tenant) string { return perMode(s.config.Issuer, t) }

func (s *Service) audience(t ident.Tenant, company string) string {
	if company == "" {
		company = s.config.Issuer
	}
	return perMode(company, t)
}

func perMode(name string, t ident.Tenant) string {
	if t.Live {
		return name
	}
	return name + "/test"
}

// signature is a token with what it was made of.
type signature struct {
	of    *Authorization
	token string
	err   error
}

// sign makes the token of a first answer. A dry run has none, and a held one
// has none yet.
func (s *Service) sign(a *Authorization, company settings) signature {
	out := signature{of: a}
	if a.ID != uuid.Nil && a.ApprovalID == uuid.Nil {
		out.token, out.err = s.token(s.claims(a, company, a.CreatedAt, a.Requested, a.CreatedAt.Add(a.ExpiresIn)))
	}
	return out
}

func (s *Service) token(c Claims) (string, error) {
	var room [768]byte
	return s.keys.SignJSON(TokenType, c.append(room[:0]))
}

// signed adds the token of a decision to the result of an authorize: the one
// that was signed early, if it is of this very authorization. A replay gets the
// token of the first answer: its claims follow from what is stored.
func (s *Service) signed(r Result, early signature) (Result, error) {
	a := r.Authorization
	if a == nil {
		return r, errors.New("a stored answer speaks of an authorization that is not stored")
	}
	if early.of != a {
		early = s.sign(a, r.company)
	}
	r.Token = early.token
	return r, early.err
}

// answeredID is the authorization that a stored answer speaks of: its first
// member, behind which nothing has to be read.
func answeredID(body []byte) (uuid.UUID, error) {
	rest, _ := bytes.CutPrefix(body, []byte(`{"id":"`))
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	id, ok := ident.Parse(ident.Authorization, string(text))
	if !ok {
		return uuid.Nil, fmt.Errorf("a stored answer names %q", text)
	}
	return id, nil
}

// freshToken signs the authorization as it stands, for a decision of people or
// a later look.
func (s *Service) freshToken(a *Authorization, company settings, now time.Time) (string, error) {
	switch a.Status {
	case Pending:
		return s.token(s.claims(a, company, now, a.Amount, a.ExpiresAt))
	case Denied:
		return s.token(s.claims(a, company, now, a.Amount, now.Add(TokenLifetime)))
	case Confirmed:
		return s.lateToken(a, company, now)
	}
	return "", nil
}

// lateToken is what an authorization that is confirmed by its decision would
// have been answered with, had people not been asked: the same token whenever it
// is looked for, for as long as that holds.
func (s *Service) lateToken(a *Authorization, company settings, now time.Time) (string, error) {
	if a.Capture != Auto || a.DecidedAt.IsZero() {
		return "", nil
	}
	c := s.claims(a, company, a.DecidedAt, a.Amount, a.DecidedAt.Add(a.ExpiresIn))
	if !c.ExpiresAt.After(now) {
		return "", nil
	}
	return s.token(c)
}

func (s *Service) claims(a *Authorization, company settings, at time.Time, minor int64, ends time.Time) Claims {
	expires := at.Add(TokenLifetime)
	if a.Decision == policy.Approved && ends.Before(expires) {
		expires = ends
	}
	return Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: s.issuer(a.Tenant), Subject: ident.Format(ident.Agent, a.Agent),
			Audience: jwt.ClaimStrings{s.audience(a.Tenant, company.Audience)}, ID: a.PublicID(),
			IssuedAt: jwt.NewNumericDate(at), NotBefore: jwt.NewNumericDate(at), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Company: ident.Format(ident.Company, a.Tenant.Company), Amount: a.Money(minor).Decimal(), Currency: string(a.Currency),
		Merchant: a.Merchant.Name, Domain: a.Merchant.Domain, MCC: a.Merchant.MCC,
		Rail: a.Rail, Decision: string(a.Decision), LiveMode: a.Tenant.Live,
	}
}
