package reconcile

import (
	"context"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// ledger adds the books up: kept balances and entries, every currency to zero,
// each transaction by itself, and what holds keep.
func (r *Report) ledger(ctx context.Context, q *db.Queries) error {
	accounts, err := q.ReconcileAccounts(ctx, r.Tenant.Company, r.Tenant.Live)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		r.differs(Ledger, ident.Format(ident.Account, a.AccountID), "the balance is %s, and its entries add up to %s",
			decimal(a.Balance, a.Currency), decimal(a.Entries, a.Currency))
	}
	currencies, err := q.ReconcileTrial(ctx, r.Tenant.Company, r.Tenant.Live)
	if err != nil {
		return err
	}
	for _, c := range currencies {
		r.differs(Ledger, c.Currency, "the accounts add up to %s instead of zero", decimal(c.Balance, c.Currency))
	}
	uneven, err := q.ReconcileUneven(ctx, r.Tenant.Company, r.Tenant.Live)
	if err != nil {
		return err
	}
	for _, id := range uneven {
		r.differs(Ledger, ident.Format(ident.Transaction, id), "its entries do not balance")
	}
	holds, err := q.ReconcileHolds(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, h := range holds {
		r.differs(Ledger, ident.Format(ident.Account, h.AccountID), "its holds keep %s, and %s are set aside",
			decimal(h.Remaining, h.Currency), decimal(h.Balance, h.Currency))
	}
	return err
}

func decimal(minor int64, currency string) string {
	return money.Of(minor, money.Currency(currency)).Decimal()
}
