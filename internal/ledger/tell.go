package ledger

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// told is an entry in an event. An amount is a decimal, a credit below zero.
type told struct {
	Account  string `json:"account"`
	Kind     Kind   `json:"kind"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// tell writes the event of a transaction. It is its agent's when the wallet of
// one agent takes part.
func tell(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, x Transaction) error {
	e := audit.Event{Type: "ledger.posted", Subject: ident.Format(ident.Transaction, x.ID), Data: map[string]any{"kind": x.Kind, "reference": x.Reference}}
	var entries []told
	for _, l := range x.Lines {
		entries = append(entries, told{ident.Format(ident.Account, l.Account), l.Kind, money.Of(l.Amount, l.Currency).Decimal(), string(l.Currency)})
		if l.Kind == Wallet && l.Owner != uuid.Nil {
			e.Agent = &l.Owner
		}
	}
	e.Data["entries"] = entries
	if x.Reverses != nil {
		e.Data["reverses"] = ident.Format(ident.Transaction, *x.Reverses)
	}
	if x.Hold != nil {
		e.Data["hold"] = ident.Format(ident.Hold, *x.Hold)
	}
	if x.Rate != "" {
		e.Data["rate"] = x.Rate
	}
	return audit.Append(ctx, tx, t, by, e)
}

func tellFloor(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, a Account) error {
	data := map[string]any{"kind": a.Kind, "currency": a.Currency, "floor": nil}
	if a.Floor != nil {
		data["floor"] = money.Of(*a.Floor, a.Currency).Decimal()
	}
	return audit.Append(ctx, tx, t, by, audit.Event{Type: "ledger.floor_changed", Subject: ident.Format(ident.Account, a.ID), Data: data})
}
