package reconcile

import (
	"context"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards"
)

// Likely causes of what a provider's statement and the books disagree about.
const (
	causeLost = "It happened at the provider and is not in the books: an event of theirs was lost, or has not come yet. " +
		"Ask the provider to send it again; booking it twice is not possible."
	causeUnknownCard = "The provider has a card that was not made here, or whose row was removed. Nothing of it is in the books."
	causeNotTheirs   = "It is in the books and the provider does not know it: it was booked by other hands, or the provider has taken it back. Ask the provider before anything is reversed."
	causeAmount      = "The provider changed it after telling, or a part of it was lost on the way. Its own number counts: book what is missing."
	causeDirection   = "One side has it as money that was taken, the other as money that came back. Ask the provider for the event."
	causeUnreachable = "The provider did not answer, or is no longer connected. Nothing is known to be wrong: compare again later."
)

const (
	// statementDays is how far back statements are compared.
	statementDays = 35 * 24 * time.Hour
	// settling is how old something has to be: its event may be on the way.
	settling = 15 * time.Minute
	// drift is how far before ours a provider's own instant of a thing may be.
	drift = 10 * 24 * time.Hour
)

// posting is what the books have of one event of the network. A provider's one
// line may be several of ours, numbered.
type posting struct {
	rows   []db.ReconcilePostingsRow
	amount int64 // taken from the card; below zero came back
	newest time.Time
	listed bool
}

// statements compares what each provider says that it moved with the books.
func (r *Report) statements(ctx context.Context, s Sources) error {
	if s.Cards == nil {
		return nil
	}
	q := db.New(s.Pool)
	providers, err := q.ReconcileCardProviders(ctx, r.Tenant.Company, r.Tenant.Live)
	if err != nil {
		return err
	}
	now, err := q.DatabaseClock(ctx)
	if err != nil {
		return err
	}
	for _, provider := range providers {
		lines, err := s.Cards.Statement(ctx, r.Tenant, provider, now.Add(-statementDays-drift), now.Add(time.Minute))
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.differsFor(Statement, causeUnreachable, provider, "its statement could not be read")
			continue
		}
		r.Lines += len(lines)
		if err := r.statement(ctx, q, provider, lines, now); err != nil {
			return err
		}
	}
	return nil
}

// statement compares one provider's. Ours are read after theirs, so that what
// happens meanwhile is in both or too young.
func (r *Report) statement(ctx context.Context, q *db.Queries, provider string, lines []cards.Line, now time.Time) error {
	refs, err := q.ReconcileCardRefs(ctx, r.Tenant.Company, r.Tenant.Live, provider)
	if err != nil {
		return err
	}
	known := map[string]string{}
	for _, c := range refs {
		known[c.ProviderRef] = ident.FormatCard(c.Currency, c.CardID)
	}
	rows, err := q.ReconcilePostings(ctx, r.Tenant.Company, r.Tenant.Live, provider, now.Add(-statementDays-2*drift))
	if err != nil {
		return err
	}
	ours := map[string]*posting{}
	for _, x := range rows {
		key := eventOf(x.ProviderRef, x.NetworkID)
		if ours[key] == nil {
			ours[key] = &posting{}
		}
		ours[key].add(x)
	}
	for _, line := range lines {
		r.line(line, known, ours, now)
	}
	for _, x := range rows {
		p := ours[eventOf(x.ProviderRef, x.NetworkID)]
		if cards.Type(x.Type) == cards.DisputeWon && provider != cards.SandboxName {
			continue // providers settle disputes apart from purchases
		}
		if !p.listed && x.CreatedAt.After(now.Add(-statementDays)) && x.CreatedAt.Before(now.Add(-settling)) {
			r.differsFor(Statement, causeNotTheirs, known[x.ProviderRef], "the %s %s of %s is in the books, and not on the statement of %s",
				words(x.Type), x.NetworkID, decimal(x.Amount, x.Currency), provider)
		}
	}
	return nil
}

// line compares one line of a statement.
func (r *Report) line(line cards.Line, known map[string]string, ours map[string]*posting, now time.Time) {
	amount := line.Amount.Minor
	switch line.Type {
	case cards.Captured, cards.ForcePosted:
	case cards.Refunded, cards.Credited, cards.DisputeWon:
		amount = -amount
	default:
		return // holds and what becomes of them are the gate's own
	}
	p := ours[eventOf(line.Ref, line.NetworkID)]
	if p != nil {
		p.listed = true
	}
	subject, isKnown := known[line.Ref]
	switch {
	case line.At.After(now.Add(-settling)) && p == nil:
		return
	case !isKnown:
		r.differsFor(Statement, causeUnknownCard, line.Ref, "%s %s of a card that is not here", words(string(line.Type)), line.Amount)
	case p == nil:
		r.differsFor(Statement, causeLost, subject, "the %s %s of %s is on the provider's statement, and not in the books", words(string(line.Type)), line.NetworkID, line.Amount)
	case (p.amount < 0) != (amount < 0):
		r.differsFor(Statement, causeDirection, subject, "%s is a %s of %s at the provider, and the other way round in the books", line.NetworkID, words(string(line.Type)), line.Amount)
	case p.amount != amount && p.newest.Before(now.Add(-settling)):
		r.differsFor(Statement, causeAmount, subject, "the %s %s is of %s at the provider, and of %s in the books", words(string(line.Type)), line.NetworkID,
			line.Amount, decimal(max(p.amount, -p.amount), string(line.Amount.Currency)))
	}
}

func (p *posting) add(x db.ReconcilePostingsRow) {
	p.rows = append(p.rows, x)
	if t := cards.Type(x.Type); t == cards.Refunded || t == cards.Credited || t == cards.DisputeWon {
		p.amount -= x.Amount
	} else {
		p.amount += x.Amount
	}
	if x.CreatedAt.After(p.newest) {
		p.newest = x.CreatedAt
	}
}

// eventOf names an event of a provider's card. Parts of one event are numbered
// behind a '#'.
func eventOf(ref, networkID string) string {
	whole, _, _ := strings.Cut(networkID, "#")
	return ref + " " + whole
}

// words is a type as a sentence has it.
func words(kind string) string { return strings.ReplaceAll(kind, "_", " ") }
