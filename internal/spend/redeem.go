package spend

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/sign"
)

// Redeem lets a processor claim a token before it pays: it answers the live
// authorization and, once only, marks it redeemed. From then on the agent
// cannot void it any more.
//
// Errors: invalid_token (422) for a token that is not this tenant's, was
// forged or has expired; authorization_… with the state, authorization_redeemed
// (409).
func (s *Service) Redeem(ctx context.Context, call Call, token string) (Result, error) {
	id, err := s.tokenID(ctx, call, token)
	if err != nil {
		return Result{}, err
	}
	return s.move(ctx, call, id, func(b *batch, a *Authorization) error {
		if a.Status != Pending && !(a.Status == Confirmed && a.Capture == Auto) {
			return a.stands()
		}
		if !a.RedeemedAt.IsZero() {
			return fault.New(fault.Conflict, "authorization_redeemed", "This token was redeemed before.")
		}
		a.RedeemedAt = b.now
		b.update(a)
		b.tell(call.Actor, "authorization.redeemed", a, nil)
		return nil
	})
}

// clockSkew is how far this machine's clock may be behind the database's, which
// tokens are dated by.
const clockSkew = 5 * time.Second

// tokenID verifies a token of the tenant and gives the authorization's id.
func (s *Service) tokenID(ctx context.Context, call Call, token string) (uuid.UUID, error) {
	t := call.Tenant
	company, err := db.New(s.pool).CompanySettings(ctx, t.Company, t.Live)
	if err != nil {
		return uuid.Nil, err
	}
	invalid := fault.BadField("body.token", "invalid_token", "The token is not one of this company and mode, or it does not hold any more.")
	var c Claims
	want := sign.Expect{Type: TokenType, Issuer: s.issuer(t), Audience: s.audience(t, company.TokenAudience)}
	err = s.keys.Verify(ctx, token, want, &c)
	switch {
	case fault.Is(err, "token_expired") && s.answered(ctx, call) != nil:
		// A processor that did not hear the answer asks again, and by then the token
		// may have ended.
		want.Leeway = once.Kept
	case fault.Is(err, "token_not_yet_valid"):
		want.Leeway = clockSkew
	}
	if want.Leeway != 0 {
		err = s.keys.Verify(ctx, token, want, &c)
	}
	if err != nil {
		if fault.From(err).Kind == fault.Unauthenticated {
			return uuid.Nil, invalid.Because(err)
		}
		return uuid.Nil, err
	}
	id, ok := ident.Parse(ident.Authorization, c.ID)
	if !ok || c.Company != ident.Format(ident.Company, t.Company) {
		return uuid.Nil, invalid
	}
	return id, nil
}
