package ledger

import (
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/money"
)

func accountOf(r db.LedgerAccount) Account {
	a := Account{ID: r.AccountID, Ref: Ref{Kind(r.Kind), r.OwnerID, money.Currency(r.Currency)}, Debit: r.Debit, Floor: r.Floor, CreatedAt: r.CreatedAt}
	a.Balance = a.side(r.Balance)
	return a
}

func accountsOf(rows []db.LedgerAccount) []Account {
	out := make([]Account, len(rows))
	for i, r := range rows {
		out[i] = accountOf(r)
	}
	return out
}

func transactionOf(r db.LedgerTransaction) Transaction {
	out := Transaction{ID: r.TransactionID, Key: r.Key, Kind: r.Kind, Reference: r.Reference, Reverses: r.Reverses, Hold: r.HoldID,
		PostedBy: r.PostedBy, CreatedAt: r.CreatedAt, digest: r.Digest}
	if r.Rate != nil {
		out.Rate = *r.Rate
	}
	return out
}

func holdOf(h db.LedgerHold, a db.LedgerAccount) Hold {
	return Hold{ID: h.HoldID, From: accountOf(a).Ref, Account: h.AccountID, Amount: h.Amount, Tolerance: h.Tolerance,
		Captured: h.Captured, Released: h.Released, Remaining: h.Remaining, Reference: h.Reference, CreatedAt: h.CreatedAt, ClosedAt: h.ClosedAt}
}
