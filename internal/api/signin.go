package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
)

// LinkRequest asks for a sign-in link.
type LinkRequest struct {
	Email string `json:"email" maxLength:"254" example:"ada@example.com"`
}

// Accepted says that a request was taken, and nothing more.
type Accepted struct {
	Status string `json:"status" enum:"accepted"`
}

// LinkToken is what a sign-in link carries.
type LinkToken struct {
	Token string `json:"token" minLength:"1" maxLength:"512" doc:"The token of the link, usable once within 15 minutes."`
}

// SessionToken is a person's credential.
type SessionToken struct {
	Token     string    `json:"token" doc:"Send it as Authorization: Bearer." example:"eyJ…"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Session is who is signed in.
type Session struct {
	Person    string       `json:"person" example:"person_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Email     string       `json:"email" format:"email"`
	ExpiresAt *time.Time   `json:"expires_at" nullable:"true"`
	Companies []Membership `json:"companies" doc:"What the person is a member of. With several, name one in X-Company-Id."`
}

// Membership is a person's place in a company.
type Membership struct {
	Company string `json:"company" example:"co_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Name    string `json:"name" example:"Acme"`
	Member  string `json:"member" example:"mem_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Role    string `json:"role" enum:"owner,admin,approver,viewer"`
}

// KeyQuestion asks about an API key.
type KeyQuestion struct {
	Key string `json:"key" minLength:"1" maxLength:"8192" example:"ag_test_…"`
}

// KeyAnswer says whether an API key works. What it is, is told only then.
type KeyAnswer struct {
	Valid     bool       `json:"valid"`
	Mode      *string    `json:"mode" nullable:"true" enum:"live,test"`
	Scopes    []string   `json:"scopes"`
	Agent     *string    `json:"agent" nullable:"true" doc:"The agent that the key is bound to."`
	Company   *string    `json:"company" nullable:"true"`
	ExpiresAt *time.Time `json:"expires_at" nullable:"true"`
}

func (a *API) registerSignIn() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Sign in"}}
	}
	link := tagged("sendMagicLink", http.MethodPost, "/v1/auth/magic-link", "Ask for a sign-in link by mail",
		"The answer is the same for every address. 409 where people sign in with Clerk.")
	link.DefaultStatus = http.StatusAccepted
	handle(a, link, a.sendMagicLink)
	verify := tagged("verifyMagicLink", http.MethodPost, "/v1/auth/verify", "Trade a link's token for a session",
		"Once, within 15 minutes. The session token is in this answer and never again.")
	verify.Errors = []int{http.StatusUnauthorized}
	handle(a, verify, a.verifyMagicLink)
	handle(a, tagged("getSession", http.MethodGet, "/v1/auth/session", "Get the session", ""), a.getSession)
	effect(a, tagged("logout", http.MethodPost, "/v1/auth/logout", "End the session", "It ends at once, on every replica."), a.logout)
	handle(a, tagged("validateKey", http.MethodPost, "/v1/auth/validate", "Check an API key",
		"Whether it is valid, and its mode, scopes, agent and expiry."), a.validateKey)
}

func (a *API) sendMagicLink(ctx context.Context, in *struct{ Body LinkRequest }) (*reply[Accepted], error) {
	err := a.access.SendLink(ctx, in.Body.Email, callOf(ctx).client)
	return &reply[Accepted]{Accepted{"accepted"}}, err
}

func (a *API) verifyMagicLink(ctx context.Context, in *struct{ Body LinkToken }) (*reply[SessionToken], error) {
	c := callOf(ctx)
	s, err := a.access.VerifyLink(ctx, in.Body.Token, c.client, c.id)
	return &reply[SessionToken]{SessionToken{Token: s.Token, ExpiresAt: s.ExpiresAt.UTC()}}, err
}

func (a *API) getSession(ctx context.Context, _ *struct{}) (*reply[Session], error) {
	info, err := a.access.Session(ctx, callOf(ctx).Principal)
	out := Session{Person: ident.Format(ident.Person, info.Person), Email: info.Email, ExpiresAt: utc(info.ExpiresAt), Companies: []Membership{}}
	for _, m := range info.Companies {
		out.Companies = append(out.Companies, Membership{Company: ident.Format(ident.Company, m.Company), Name: m.CompanyName,
			Member: ident.Format(ident.Member, m.ID), Role: string(m.Role)})
	}
	return &reply[Session]{out}, err
}

// LoggedOut says that the session is over.
type LoggedOut struct {
	LoggedOut bool `json:"logged_out" doc:"Always true."`
}

func (a *API) logout(ctx context.Context, tx pgx.Tx, _ *struct{}) (LoggedOut, error) {
	return LoggedOut{true}, a.access.Logout(ctx, tx, callOf(ctx).Principal)
}

func (a *API) validateKey(ctx context.Context, in *struct{ Body KeyQuestion }) (*reply[KeyAnswer], error) {
	p, valid, err := a.access.Validate(ctx, in.Body.Key, callOf(ctx).client)
	if err != nil || !valid {
		return &reply[KeyAnswer]{KeyAnswer{Scopes: []string{}}}, err
	}
	mode, company := p.Tenant.Mode(), ident.Format(ident.Company, p.Tenant.Company)
	return &reply[KeyAnswer]{KeyAnswer{Valid: true, Mode: &mode, Company: &company, Scopes: scopeNames(p.Scopes),
		Agent: publicID(ident.Agent, p.Agent), ExpiresAt: utc(p.ExpiresAt)}}, nil
}

func scopeNames(scopes []access.Scope) []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		out[i] = string(s)
	}
	return out
}
