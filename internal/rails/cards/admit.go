package cards

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// met is what a swipe came upon instead of being decided: its own answer, or a
// request for the same that people have not decided, or have approved.
type met struct {
	known             bool
	waiting, approved uuid.UUID
}

func (met) Error() string { return "the swipe met another" }

// instead stops the gate, which has changed nothing yet.
func instead(m met) error {
	return fault.New(fault.Conflict, "swipe_met", "This was asked before.").Because(m)
}

// backing is what a card brings to a swipe. Presenting is asking for the money of
// a request that people have approved.
func (s *Service) backing(c Card, in Swipe, presenting bool) spend.Backing {
	return spend.Backing{
		Pays: c.account(),
		Admit: func(ctx context.Context, tx pgx.Tx, a *spend.Authorization) (*spend.Refusal, error) {
			return s.admit(ctx, tx, c, in, a, presenting)
		},
		Decided: func(ctx context.Context, tx pgx.Tx, a *spend.Authorization) error {
			code, reason := outcome(a)
			return record(ctx, tx, c, in, a, code, reason)
		},
		Refused: func(ctx context.Context, tx pgx.Tx, a *spend.Authorization, r spend.Refusal) error {
			return record(ctx, tx, c, in, a, r.Code, r.Reason)
		},
	}
}

// admit is the card's own word on a swipe, with its row locked.
func (s *Service) admit(ctx context.Context, tx pgx.Tx, c Card, in Swipe, a *spend.Authorization, presenting bool) (*spend.Refusal, error) {
	q := db.New(tx)
	row, err := q.CardAdmit(ctx, c.Tenant.Company, c.Tenant.Live, c.ID)
	if err != nil {
		return nil, missing(err)
	}
	if c, err = cardOf(row.Card, 0, 0); err != nil {
		return nil, err
	}
	rules, err := c.rules(row.TimeZone, row.Now)
	if err != nil {
		return nil, err
	}
	facts, err := q.CardFacts(ctx, db.CardFactsParams{CompanyID: c.Tenant.Company, Live: c.Tenant.Live, CardID: c.ID, NetworkID: in.NetworkID,
		MerchantKey: a.MerchantKey, Amount: in.Amount.Minor, Currency: string(c.Currency), Since: rules.since(), Recent: int32(rules.needs.Velocity)})
	switch {
	case err != nil:
		return nil, err
	case facts.Known:
		return nil, instead(met{known: true})
	case !time.Now().Before(in.until):
		return nil, fault.New(fault.Conflict, "swipe_too_late", "Nobody waits for this swipe any more.")
	}
	refusal, err := s.refusal(ctx, tx, c, in, row.Now)
	if refusal == nil && err == nil {
		refusal = rules.refusal(c, in, row.Now, facts)
	}
	if refusal == nil && err == nil && !presenting && (facts.Waiting != uuid.Nil || facts.Approved != uuid.Nil) {
		err = instead(met{waiting: facts.Waiting, approved: facts.Approved})
	}
	return refusal, err
}

// refusal is what the card itself is refused for.
func (s *Service) refusal(ctx context.Context, tx pgx.Tx, c Card, in Swipe, now time.Time) (*spend.Refusal, error) {
	switch {
	case c.Status == Canceled:
		return &spend.Refusal{Code: CodeCanceled, Reason: "The card is canceled"}, nil
	case c.Status == Frozen:
		return &spend.Refusal{Code: CodeFrozen, Reason: "The card is frozen"}, nil
	case c.expiredAt(now):
		return &spend.Refusal{Code: CodeExpired, Reason: "The card has expired"}, nil
	case in.ExpMonth != 0 && (in.ExpMonth != c.ExpMonth || in.ExpYear != c.ExpYear):
		return &spend.Refusal{Code: CodeWrongExpiry, Reason: "The expiry is not the card's"}, nil
	case c.SingleUse && !c.UsedAt.IsZero():
		return &spend.Refusal{Code: CodeUsed, Reason: "The card was for one purchase, and is used"}, nil
	case in.CVV == "" || c.Provider != SandboxName:
		return nil, nil
	}
	secret, err := sandbox{s.config.Vault, tx, c.Tenant}.Reveal(ctx, c.ProviderRef)
	if err != nil || s.config.Vault.CodeFits(in.CVV, secret.PAN, c.ExpMonth, c.ExpYear) {
		return nil, err
	}
	return &spend.Refusal{Code: CodeWrongCVV, Reason: "The verification code is not the card's"}, nil
}

// ruleset is a card's own rules, ready for one swipe.
type ruleset struct {
	set    *policy.Set
	needs  policy.Needs
	limits []limitWindow
}

// limitWindow is one that a limit of the card adds up.
type limitWindow struct {
	zone   string
	period meter.Period
	meter.Window
}

// rules compiles the card's own rules, with the windows that they add up now.
func (c Card) rules(companyZone string, now time.Time) (r ruleset, err error) {
	if len(c.Controls) == 0 {
		return r, nil
	}
	r.set, err = policy.Compile(c.Tenant.Company, companyZone, []policy.Policy{{ID: c.ID, Version: 1,
		Content: policy.Content{Name: "This card", Status: policy.Active, Rules: c.Controls}}})
	if err != nil {
		return r, err
	}
	r.needs = r.set.Needs(c.ID, c.Currency)
	for _, rule := range c.Controls {
		if rule.Type != policy.Limit {
			continue
		}
		w := limitWindow{zone: rule.Zone, period: rule.Period}
		if w.zone == "" {
			w.zone = companyZone
		}
		loc, err := meter.LoadZone(w.zone)
		if err != nil {
			return r, err
		}
		w.Window = w.period.Window(now, loc)
		if !slices.Contains(r.limits, w) {
			r.limits = append(r.limits, w)
		}
	}
	return r, nil
}

// since are the beginnings of the windows: nothing lies after now.
func (r ruleset) since() []time.Time {
	out := make([]time.Time, len(r.limits))
	for i, w := range r.limits {
		out[i] = w.From
	}
	return out
}

// refusal is what the card's own rules say of a swipe.
func (r ruleset) refusal(c Card, in Swipe, now time.Time, f db.CardFactsRow) *spend.Refusal {
	if r.set == nil {
		return nil
	}
	d := r.set.Evaluate(policy.Request{Agent: c.ID, Handle: "This card", Amount: in.Amount, Merchant: in.Merchant, Rail: Rail, Metadata: in.Metadata, At: now},
		policy.Facts{Meters: r.meters(c, f.Spent), Recent: f.Recent})
	if d.Outcome != policy.Denied {
		return nil
	}
	return &spend.Refusal{Code: d.ReasonCode, Reason: d.Reason}
}

// meters says what the windows have used, the way policies ask for it.
func (r ruleset) meters(c Card, spent []int64) (out []*meter.Meter) {
	for i, w := range r.limits {
		key := meter.Key{Subject: c.ID, Currency: c.Currency, Zone: w.zone}
		at := slices.IndexFunc(out, func(m *meter.Meter) bool { return m.Key == key })
		if at < 0 {
			at, out = len(out), append(out, &meter.Meter{Key: key})
		}
		out[at].Running[w.period.Index()] = meter.Running{From: w.From, Usage: meter.Usage{Spent: spent[i]}}
	}
	return out
}

// record writes a swipe and its answer.
func record(ctx context.Context, tx pgx.Tx, c Card, in Swipe, a *spend.Authorization, code, reason string) error {
	x := Transaction{ID: ident.New(), Card: c.ID, Type: Declined, NetworkID: in.NetworkID, Authorization: a.ID, Amount: in.Amount,
		Merchant: a.Merchant.Name, Code: code, NetworkCode: NetworkCode(code), Reason: sentence(reason)}
	q, row := db.New(tx), x.toRow(c.Tenant, a, a.CreatedAt)
	if code == CodeOK {
		row.Type, row.HoldID = string(Authorized), orNil(a.Hold)
	}
	if _, err := q.CardTransactionInsert(ctx, row); err != nil || code != CodeOK || !c.SingleUse {
		return err
	}
	return q.CardSetUsed(ctx, c.Tenant.Company, c.Tenant.Live, c.ID)
}

// waits answers a swipe for which people are asked already. It is written down,
// so that its id is answered the same again.
func (s *Service) waits(ctx context.Context, c Card, in Swipe, id uuid.UUID) (Verdict, error) {
	found, err := s.config.Gate.Get(ctx, call(c, Actor{}), id, 0)
	if err != nil {
		return Verdict{}, err
	}
	a := found.Authorization
	err = s.config.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := locked(ctx, tx, c.Tenant, c.ID); err != nil {
			return err
		}
		_, err := db.New(tx).CardTransactionByNetworkID(ctx, c.Tenant.Company, c.Tenant.Live, c.ID, in.NetworkID)
		switch {
		case err == nil:
			return instead(met{known: true})
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		return record(ctx, tx, c, in, a, CodeApprovalRequired, a.Reason)
	})
	var known met
	if errors.As(err, &known) {
		return s.again(ctx, c, in.NetworkID)
	}
	v := declined(CodeApprovalRequired, a.Reason)
	v.Authorization = a
	return v, err
}
