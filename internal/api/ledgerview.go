package api

import (
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

func (c *call) accountView(x ledger.Account) LedgerAccount {
	out := LedgerAccount{ID: ident.Format(ident.Account, x.ID), Kind: string(x.Kind), Currency: string(x.Currency), Side: entrySide(x.Debit),
		Balance: x.Money(), CreatedAt: x.CreatedAt.UTC(), Livemode: c.Tenant.Live}
	if x.Floor != nil {
		out.Floor = some(money.Of(*x.Floor, x.Currency))
	}
	switch {
	case x.Owner == uuid.Nil:
	case x.Kind == ledger.Held:
		out.Account = publicID(ident.Account, &x.Owner)
	case x.Kind == ledger.Wallet:
		out.Agent = publicID(ident.Agent, &x.Owner)
	}
	return out
}

func entrySide(debit bool) string {
	if debit {
		return "debit"
	}
	return "credit"
}

func (c *call) transactionView(x ledger.Transaction) LedgerTransaction {
	out := LedgerTransaction{ID: ident.Format(ident.Transaction, x.ID), Kind: x.Kind, Reference: x.Reference, Reverses: publicID(ident.Transaction, x.Reverses),
		Hold: publicID(ident.Hold, x.Hold), Rate: text(x.Rate), Entries: []LedgerEntry{}, PostedBy: x.PostedBy, CreatedAt: x.CreatedAt.UTC(), Livemode: c.Tenant.Live}
	for _, l := range x.Lines {
		out.Entries = append(out.Entries, LedgerEntry{Account: ident.Format(ident.Account, l.Account), Kind: string(l.Kind), Side: entrySide(l.Amount > 0),
			Amount: money.Of(max(l.Amount, -l.Amount), l.Currency), Currency: string(l.Currency)})
	}
	return out
}

func trialView(rows []ledger.TrialRow) TrialBalance {
	out := TrialBalance{Balanced: true, Currencies: []TrialCurrency{}}
	for _, t := range ledger.Totals(rows) {
		c := TrialCurrency{Currency: string(t.Debits.Currency), Debits: t.Debits, Credits: t.Credits,
			Balance: money.Of(t.Debits.Minor-t.Credits.Minor, t.Debits.Currency), Kinds: []TrialKind{}}
		for _, r := range rows {
			if r.Debits.Currency == t.Debits.Currency {
				c.Kinds = append(c.Kinds, TrialKind{string(r.Kind), r.Accounts, r.Debits, r.Credits})
			}
		}
		out.Balanced = out.Balanced && c.Balance.Minor == 0
		out.Currencies = append(out.Currencies, c)
	}
	return out
}
