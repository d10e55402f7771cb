package access

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// FromRequest finds who a request acts as, by X-API-Key or Authorization:
// Bearer, and for sessions X-Mode and X-Company-Id. Failures count against the
// address that it came from. The faults are Unauthenticated:
// missing_credentials, invalid_api_key and invalid_session; Malformed:
// conflicting_credentials; RateLimited: too_many_failures; and those of the
// headers.
func (a *Access) FromRequest(r *http.Request) (Principal, error) {
	presented, err := credential(r.Header)
	if err != nil {
		return Principal{}, err
	}
	ctx := r.Context()
	p, err := a.who(ctx, presented, func() string { return network(a.ClientAddress(r)) })
	if err != nil {
		return Principal{}, err
	}
	if p.Kind == ByKey {
		return p, agrees(p, r.Header)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := a.Confirm(ctx, p); err != nil {
			return Principal{}, err
		}
	}
	return a.place(ctx, p, r.Header)
}

// Authenticate finds who an API key acts as. Whatever is wrong with it is
// Unauthenticated: invalid_api_key.
func (a *Access) Authenticate(ctx context.Context, presented string) (Principal, error) {
	return a.keys.authenticate(ctx, presented, func() string { return "" })
}

// Validate says whether an API key works, and as what.
func (a *Access) Validate(ctx context.Context, presented, client string) (p Principal, valid bool, err error) {
	p, err = a.keys.authenticate(ctx, presented, func() string { return network(client) })
	if fault.Is(err, "invalid_api_key") {
		return Principal{}, false, nil
	}
	return p, err == nil, err
}

// credential reads the one secret that a request presents.
func credential(h http.Header) (string, error) {
	var presented string
	differs := false
	take := func(value string) {
		value = strings.TrimSpace(value)
		differs = differs || value != "" && presented != "" && value != presented
		presented = cmp.Or(presented, value)
	}
	for _, key := range h["X-Api-Key"] {
		take(key)
	}
	for _, value := range h["Authorization"] {
		if scheme, token, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "bearer") {
			take(token)
		}
	}
	switch {
	case differs:
		return "", fault.New(fault.Malformed, "conflicting_credentials", "The request presents different credentials: send one.")
	case presented == "":
		return "", fault.New(fault.Unauthenticated, "missing_credentials",
			"Send an API key in X-API-Key, or an API key or session token as Authorization: Bearer.")
	}
	return presented, nil
}

// who tells the kinds of credential apart by their form. A valid token is taken
// from an address that sends wrong ones too, as it is of many people behind one
// router.
func (a *Access) who(ctx context.Context, presented string, client func() string) (Principal, error) {
	if strings.Count(presented, ".") != 2 {
		return a.keys.authenticate(ctx, presented, client)
	}
	p, err := a.person(ctx, presented)
	if !fault.Is(err, errInvalidSession().Code) {
		return p, err
	}
	from := client()
	if from == "" {
		return p, err
	}
	if ok, _, wait := a.failures.take(from, a.config.FailuresPerMinute); !ok {
		return Principal{}, tooManyFailures(wait)
	}
	return p, err
}

// person verifies a token of somebody who signed in, here or with Clerk.
func (a *Access) person(ctx context.Context, token string) (Principal, error) {
	if a.clerk != nil && headerOf(token).Type != sessionType {
		return a.fromClerk(ctx, token)
	}
	return a.signedIn(ctx, token)
}

// tokenHeader is what a JWT says about itself.
type tokenHeader struct {
	Type     string `json:"typ"`
	Category string `json:"cat"`
}

// headerOf reads it without believing it: it chooses the verifier, and what it
// says too much of is refused.
func headerOf(token string) (h tokenHeader) {
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil || json.Unmarshal(raw, &h) != nil {
		return tokenHeader{}
	}
	return h
}

// agrees refuses headers that contradict what a key has in itself.
func agrees(p Principal, h http.Header) error {
	live, stated, err := modeOf(h)
	if err != nil {
		return err
	}
	if stated && live != p.Tenant.Live {
		return fault.BadField("header.X-Mode", "mode_mismatch", "The key is a %s key.", p.Tenant.Mode())
	}
	if id := h.Get("X-Company-Id"); id != "" && id != ident.Format(ident.Company, p.Tenant.Company) {
		return fault.BadField("header.X-Company-Id", "company_mismatch", "The key is of another company.")
	}
	return nil
}

func modeOf(h http.Header) (live, stated bool, err error) {
	switch h.Get("X-Mode") {
	case "":
		return true, false, nil
	case "live":
		return true, true, nil
	case "test":
		return false, true, nil
	}
	return false, false, fault.BadField("header.X-Mode", "mode_unknown", "A mode is live or test.")
}

// place finds the company and mode that a session acts in: the one that the
// headers name, or the only one.
func (a *Access) place(ctx context.Context, p Principal, h http.Header) (Principal, error) {
	live, stated, err := modeOf(h)
	if err != nil {
		return Principal{}, err
	}
	m, count, err := a.chosen(ctx, p.Person, h.Get("X-Company-Id"))
	if err != nil {
		return Principal{}, err
	}
	p.Tenant, p.ModeStated, p.Companies = ident.Tenant{Live: live}, stated, count
	if m.Company != uuid.Nil {
		p.Tenant.Company, p.Member, p.Role, p.Scopes = m.Company, m.ID, m.Role, byRole[m.Role]
	}
	return p, nil
}

func (a *Access) chosen(ctx context.Context, person uuid.UUID, named string) (m company.Member, count int, err error) {
	if named != "" {
		id, ok := ident.Parse(ident.Company, named)
		if !ok {
			return m, 0, fault.Missing("company")
		}
		m, err = a.companies.Membership(ctx, id, person)
		return m, 1, err
	}
	all, err := a.companies.Memberships(ctx, person)
	if len(all) == 1 {
		m = all[0].Member
	}
	return m, len(all), err
}
