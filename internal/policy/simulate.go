package policy

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
)

// maxReplay bounds the time that one simulation may cover.
const maxReplay = 400 * 24 * time.Hour

// Trial is what to simulate: the content in place of the policy that it
// replaces, or beside all others, over the requests decided in [From, To).
type Trial struct {
	Content  Content
	Replaces *uuid.UUID
	From, To time.Time
	// Progress, if not nil, is told now and then how many requests of the
	// total are done.
	Progress func(done, total int)
}

// Counts says how many requests had each outcome.
type Counts struct {
	Approved, Denied, RequiresApproval int
}

// Add counts one.
func (c *Counts) Add(o Outcome) {
	switch o {
	case Approved:
		c.Approved++
	case Denied:
		c.Denied++
	case RequiresApproval:
		c.RequiresApproval++
	}
}

// Simulation is what would have been.
type Simulation struct {
	From, To time.Time
	// Total is how many requests were replayed.
	Total         int
	Before, After Counts
	// Flips are the first maxFlips, oldest first; Totals count them all.
	Flips  []Flip
	Totals []FlipTotal
	// Weeks are those of the company's time zone, from Monday, oldest first and
	// without a gap; together they count Total.
	Weeks []SimulatedWeek
	// WeeklyApprovalsBefore and WeeklyApprovals are tenths of an approval that
	// people were, and would be, asked for in an average week.
	WeeklyApprovalsBefore, WeeklyApprovals int64
	Warnings                               []Warning
}

// maxFlips bounds the list of flips.
const maxFlips = 100

// Simulate replays the company's own requests with the draft in place and all
// other active policies as they are now, and says which decisions flip against
// those that were made. It writes nothing. The draft counts as active at all
// times, whatever its status and dates say.
//
// Meters, velocity, duplicates and new merchants are rebuilt from before From
// and then follow the replay: what it approves reserves and spends, what it
// denies does not. A request lives on as it really did: confirmed, voided or
// expired at its own instant, with its own amount. One that never got to live,
// because it was denied then or nobody approved it, and that is approved now,
// is taken as confirmed in full at once; a denied one that would be held now is
// taken as approved by people, likewise in full at once. What was denied for a
// freeze stays denied.
//
// The faults are those of Check, not_found for Replaces, and at "to"
// invalid_range and range_too_long.
func (s *Store) Simulate(ctx context.Context, t ident.Tenant, trial Trial) (Simulation, error) {
	warnings, err := trial.check()
	if err != nil {
		return Simulation{}, err
	}
	var result Simulation
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = s.pool.InTxOptions(ctx, snapshot, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if err := trial.Content.known(ctx, q, t); err != nil {
			return err
		}
		set, loc, err := trial.set(ctx, q, t)
		if err != nil {
			return err
		}
		r := newReplay(q, t, set, loc, trial)
		if err := r.seed(ctx); err != nil {
			return err
		}
		if err := r.run(ctx); err != nil {
			return err
		}
		result = r.report()
		return nil
	})
	result.Warnings = warnings
	return result, err
}

func (trial *Trial) check() ([]Warning, error) {
	if !trial.From.Before(trial.To) {
		return nil, fault.BadField("to", "invalid_range", "to must be after from.")
	}
	if trial.To.Sub(trial.From) > maxReplay {
		return nil, fault.BadField("to", "range_too_long", "At most 400 days can be simulated at once.")
	}
	return trial.Content.Check()
}

// set is the active policies with the draft in place, and the company's zone.
func (trial *Trial) set(ctx context.Context, q *db.Queries, t ident.Tenant) (*Set, *time.Location, error) {
	company, err := q.CompanySettings(ctx, t.Company, t.Live)
	if err != nil {
		return nil, nil, err
	}
	loc, err := meter.LoadZone(company.TimeZone)
	if err != nil {
		return nil, nil, err
	}
	all, err := fromRows(q.DecidingPolicies(ctx, t.Company, t.Live))
	if err != nil {
		return nil, nil, err
	}
	draft := Policy{ID: ident.New(), Version: 1, Content: trial.Content}
	if trial.Replaces != nil {
		old, err := get(ctx, q, t, *trial.Replaces)
		if err != nil {
			return nil, nil, err
		}
		draft.ID, draft.Version = old.ID, old.Version+1
	}
	draft.Status, draft.EffectiveFrom, draft.EffectiveTo = Active, nil, nil
	// Shadow policies decide nothing, here as anywhere.
	all = slices.DeleteFunc(all, func(p Policy) bool { return p.ID == draft.ID || p.Status != Active })
	set, err := Compile(t.Company, company.TimeZone, append(all, draft))
	return set, loc, err
}

// tally counts what the replay finds.
type tally struct {
	total         int
	before, after Counts
	flips         *Flips
	weeks         []SimulatedWeek
}

func (y *tally) add(h *past, d *Decision) {
	y.total++
	y.before.Add(h.decision)
	y.after.Add(d.Outcome)
	count(y.weeks, h.at, h.requested, h.decision, d.Outcome)
	y.flips.Add(Flip{Authorization: h.id, Agent: h.agent, Amount: h.requested, Merchant: h.merchant.Name,
		At: h.at, Before: h.decision, After: d.Outcome, ReasonCode: d.ReasonCode, Reason: d.Reason})
}

func (r *replay) report() Simulation {
	y, span := &r.tally, r.trial.To.Sub(r.trial.From)
	return Simulation{From: r.trial.From, To: r.trial.To, Total: y.total, Before: y.before, After: y.after,
		Flips: y.flips.List(), Totals: y.flips.Totals(), Weeks: y.weeks,
		WeeklyApprovalsBefore: weekly(y.before.RequiresApproval, span), WeeklyApprovals: weekly(y.after.RequiresApproval, span)}
}

// weekly is tenths of a count in a week, rounded.
func weekly(count int, span time.Duration) int64 {
	const tenthsOfWeek = 10 * 7 * 24 * 3600
	seconds := max(1, int64(span/time.Second))
	return (int64(count)*tenthsOfWeek + seconds/2) / seconds
}
