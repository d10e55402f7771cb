package company

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// Settings is a change of a company; nil leaves a field as it is.
type Settings struct {
	Name, Currency, TimeZone *string
	// ApprovalTimeout is a duration such as 24h, from 1s to 30d.
	ApprovalTimeout *string
	// TokenAudience is visible ASCII; empty takes the server's own again.
	TokenAudience     *string
	RequireRedemption *bool
	// IfVersions refuses the change when the version is none of these; nil takes any.
	IfVersions []int
}

// Update changes settings, which both modes share, and raises both modes'
// epochs, since decisions rest on them. A fault of kind Stale has the code
// version_mismatch.
func (s *Service) Update(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, in Settings) (Company, error) {
	q := db.New(tx)
	if err := lockModes(ctx, q, t); err != nil {
		return Company{}, err
	}
	before, err := s.get(ctx, q, t)
	if err != nil {
		return Company{}, err
	}
	if in.IfVersions != nil && !slices.Contains(in.IfVersions, before.Version) {
		return Company{}, fault.New(fault.Stale, "version_mismatch",
			"The company has changed: it is at version %d now.", before.Version)
	}
	after, err := in.apply(before)
	if err != nil {
		return Company{}, err
	}
	changed := changes(before, after)
	if len(changed) == 0 {
		return before, nil
	}
	if err := save(ctx, q, after); err != nil {
		return Company{}, err
	}
	err = audit.Append(ctx, tx, t, by, audit.Event{Type: "company.updated",
		Subject: ident.Format(ident.Company, t.Company), Data: changed})
	if err != nil {
		return Company{}, err
	}
	return s.get(ctx, q, t)
}

func save(ctx context.Context, q *db.Queries, c Company) error {
	err := q.CompanyUpdate(ctx, db.CompanyUpdateParams{CompanyID: c.ID, Name: c.Name,
		Currency: string(c.Currency), TimeZone: c.TimeZone,
		ApprovalTimeout: int32(c.ApprovalTimeout / time.Second),
		TokenAudience:   c.TokenAudience, RequireRedemption: c.RequireRedemption})
	if err != nil {
		return err
	}
	return q.CompanyRaiseEpochs(ctx, c.ID)
}

func (in Settings) apply(c Company) (Company, error) {
	var errs [5]error
	if in.Name != nil {
		c.Name, errs[0] = Text("name", *in.Name, 1, maxName)
	}
	if in.Currency != nil {
		c.Currency, errs[1] = money.ParseCurrency(*in.Currency)
	}
	if in.TimeZone != nil {
		_, errs[2] = meter.LoadZone(*in.TimeZone)
		c.TimeZone = *in.TimeZone
	}
	if in.ApprovalTimeout != nil {
		c.ApprovalTimeout, errs[3] = ParseTimeout(*in.ApprovalTimeout)
	}
	if in.TokenAudience != nil {
		c.TokenAudience, errs[4] = audience(*in.TokenAudience)
	}
	if in.RequireRedemption != nil {
		c.RequireRedemption = *in.RequireRedemption
	}
	return c, joined(errs[:]...)
}

func audience(value string) (string, error) {
	if len(value) > maxAudience || !plainASCII(value) {
		return "", fault.BadField("token_audience", "audience_malformed",
			"An audience is at most %d visible ASCII characters, such as https://pay.example.com.", maxAudience)
	}
	return value, nil
}

// changes lists the settings that differ, with their new values.
func changes(a, b Company) map[string]any {
	out := map[string]any{}
	put := func(name string, differs bool, now any) {
		if differs {
			out[name] = now
		}
	}
	put("name", a.Name != b.Name, b.Name)
	put("currency", a.Currency != b.Currency, string(b.Currency))
	put("time_zone", a.TimeZone != b.TimeZone, b.TimeZone)
	put("approval_timeout", a.ApprovalTimeout != b.ApprovalTimeout, FormatTimeout(b.ApprovalTimeout))
	put("token_audience", a.TokenAudience != b.TokenAudience, b.TokenAudience)
	put("require_redemption", a.RequireRedemption != b.RequireRedemption, b.RequireRedemption)
	return out
}

// Freeze stops everything new in mode t: from the next decision on, requests
// are denied with company_frozen. Freezing what is frozen changes nothing.
func (s *Service) Freeze(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor) (Company, error) {
	return s.setFrozen(ctx, tx, t, by, true)
}

// Unfreeze lets mode t spend again.
func (s *Service) Unfreeze(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor) (Company, error) {
	return s.setFrozen(ctx, tx, t, by, false)
}

func (s *Service) setFrozen(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, frozen bool) (Company, error) {
	q := db.New(tx)
	mode, err := q.LockCompanyMode(ctx, t.Company, t.Live)
	if err != nil {
		return Company{}, missing(err, "company")
	}
	if frozen == (mode.FrozenAt != nil) {
		return s.get(ctx, q, t)
	}
	if err := q.CompanySetFrozen(ctx, frozen, t.Company, t.Live); err != nil {
		return Company{}, err
	}
	name := "company.unfrozen"
	if frozen {
		name = "company.frozen"
	}
	err = audit.Append(ctx, tx, t, by, audit.Event{Type: name, Subject: ident.Format(ident.Company, t.Company)})
	if err != nil {
		return Company{}, err
	}
	return s.get(ctx, q, t)
}

// lockModes takes both modes' rows, test first as the gate does, so that
// nothing is decided meanwhile.
func lockModes(ctx context.Context, q *db.Queries, t ident.Tenant) error {
	for _, live := range []bool{false, true} {
		if err := lockMode(ctx, q, ident.Tenant{Company: t.Company, Live: live}); err != nil {
			return err
		}
	}
	return nil
}

// Lock takes the mode's row, so that no decision overlaps what the caller's
// transaction changes next.
func (s *Service) Lock(ctx context.Context, tx pgx.Tx, t ident.Tenant) error {
	return lockMode(ctx, db.New(tx), t)
}

func lockMode(ctx context.Context, q *db.Queries, t ident.Tenant) error {
	_, err := q.LockCompanyMode(ctx, t.Company, t.Live)
	return missing(err, "company")
}
