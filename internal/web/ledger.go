package web

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/views"
)

func (w *Web) ledgerPages() []page {
	return []page{
		{http.MethodGet, "/ledger", member, access.ScopeRead, (*visit).ledger},
		{http.MethodGet, "/ledger/:id", member, access.ScopeRead, (*visit).ledgerTransaction},
	}
}

func (v *visit) ledger() error {
	before, err := v.olderThan(ident.Transaction)
	if err != nil {
		return err
	}
	page, filter := views.LedgerPage{Older: before != nil}, ledger.TransactionFilter{}
	named := v.QueryParam("account")
	if named != "" {
		if page.Account, err = v.oneAccount(named); err != nil {
			return err
		}
		filter.Account = &page.Account.ID
	}
	page.Transactions, err = v.web.books.Transactions(v.ctx(), v.tenant(), filter, ledger.Page{Limit: pageRows + 1, Before: before})
	if err != nil {
		return err
	}
	if len(page.Transactions) > pageRows {
		page.Transactions = page.Transactions[:pageRows]
		page.Next = v.frame.With("/ledger", "account", named, "before", ident.Format(ident.Transaction, page.Transactions[pageRows-1].ID))
	}
	if !page.Older && page.Account == nil {
		if page.Trial, err = v.web.books.TrialBalance(v.ctx(), v.tenant()); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, views.Ledger(v.titled("Ledger"), page))
}

// oneAccount is the account that a list is narrowed to.
func (v *visit) oneAccount(named string) (*ledger.Account, error) {
	id, ok := ident.Parse(ident.Account, named)
	if !ok {
		return nil, fault.Missing("account")
	}
	a, err := v.web.books.Account(v.ctx(), v.tenant(), id)
	return &a, err
}

func (v *visit) ledgerTransaction() error {
	id, err := v.pathID(ident.Transaction, "transaction")
	if err != nil {
		return err
	}
	x, err := v.web.books.Transaction(v.ctx(), v.tenant(), id)
	if err != nil {
		return err
	}
	var owners []uuid.UUID
	for _, l := range x.Lines {
		owners = append(owners, l.Owner)
	}
	handles, err := v.handles(owners...)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.LedgerTransaction(v.titled("Transaction"), views.LedgerTransactionPage{Transaction: x, Handles: handles}))
}
