package ledger

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// Reversal takes a whole transaction back.
type Reversal struct {
	Key, Reference string
	Transaction    uuid.UUID
}

// Reverse posts the opposite of a transaction, once. Errors: those of Post,
// not_found, already_reversed (409), not_reversible (409) for what belongs to a
// hold, which is released instead, and for a reversal.
func Reverse(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in Reversal) (Transaction, error) {
	old, err := find(ctx, db.New(tx), t, in.Transaction)
	if err != nil {
		return Transaction{}, err
	}
	if old.Hold != nil || old.Reverses != nil {
		return Transaction{}, fault.New(fault.Conflict, "not_reversible", "What belongs to a hold is released, and a reversal stays.")
	}
	d := draft{Posting: Posting{Key: in.Key, Kind: "reversed", Reference: in.Reference}, reverses: &old.ID, asked: in}
	for _, l := range old.Lines {
		d.Entries = append(d.Entries, Entry{l.Ref, -l.Amount})
	}
	out, _, err := post(ctx, tx, t, by, d)
	twice := postgres.Violates(err, "ledger_transactions_reverses")
	if fault.Is(err, "insufficient_funds") { // perhaps since it was taken back
		done, readErr := db.New(tx).LedgerReversed(ctx, t.Company, t.Live, &old.ID)
		if readErr != nil {
			return Transaction{}, readErr
		}
		twice = done
	}
	if twice {
		return Transaction{}, fault.New(fault.Conflict, "already_reversed", "This transaction was taken back before.").Because(err)
	}
	return out, err
}
