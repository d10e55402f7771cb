package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/views"
)

func (w *Web) ledgerPages() []page {
	return []page{
		{http.MethodGet, "/ledger", member, access.ScopeRead, (*visit).ledger},
		{http.MethodGet, "/ledger/:id", member, access.ScopeRead, (*visit).ledgerTransaction},
		{http.MethodPost, "/ledger/top-ups", member, access.ScopeAdmin, (*visit).topUp},
	}
}

// mostWallets bounds how many wallets the page shows.
const mostWallets = 60

func (v *visit) ledger() error {
	return v.showLedger(http.StatusOK, views.AddMoney{Currency: string(v.frame.Company.Currency)})
}

// showLedger shows the page with a form for test money as it was left.
func (v *visit) showLedger(status int, add views.AddMoney) error {
	before, err := v.olderThan(ident.Transaction)
	if err != nil {
		return err
	}
	page := views.LedgerPage{Older: before != nil, Add: add}
	page.Transactions, err = v.web.books.Transactions(v.ctx(), v.tenant(), ledger.TransactionFilter{}, ledger.Page{Limit: pageRows + 1, Before: before})
	if err != nil {
		return err
	}
	if len(page.Transactions) > pageRows {
		page.Transactions = page.Transactions[:pageRows]
		page.Next = v.frame.With("/ledger", "before", ident.Format(ident.Transaction, page.Transactions[pageRows-1].ID))
	}
	if !page.Older {
		if err := v.walletsOf(&page); err != nil {
			return err
		}
	}
	return v.show(status, views.Ledger(v.titled("Ledger"), page))
}

func (v *visit) walletsOf(page *views.LedgerPage) (err error) {
	if page.Wallets, err = v.web.books.Wallets(v.ctx(), v.tenant(), nil, ledger.Page{Limit: mostWallets}); err != nil {
		return err
	}
	// The company's first, and currencies in their order.
	slices.SortFunc(page.Wallets, func(a, b ledger.WalletState) int {
		if (a.Owner == uuid.Nil) != (b.Owner == uuid.Nil) {
			if a.Owner == uuid.Nil {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.Currency)+a.Owner.String(), string(b.Currency)+b.Owner.String())
	})
	var owners []uuid.UUID
	for _, w := range page.Wallets {
		owners = append(owners, w.Owner)
	}
	if page.Handles, err = v.handles(owners...); err != nil {
		return err
	}
	page.Trial, err = v.web.books.TrialBalance(v.ctx(), v.tenant())
	return err
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

// topUp adds test money to the company's wallet.
func (v *visit) topUp() error {
	add := views.AddMoney{Amount: strings.TrimSpace(v.FormValue("amount")), Currency: strings.TrimSpace(v.FormValue("currency"))}
	currency, err := money.ParseCurrency(add.Currency)
	var amount money.Amount
	if err == nil {
		amount, err = money.Parse(add.Amount, currency)
	}
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.TopUp(ctx, tx, v.tenant(), v.actor(), "top-up:"+ident.New().String(), ledger.WalletOf(uuid.Nil, currency), amount.Minor)
			return err
		})
	}
	if err == nil {
		return v.to("/ledger", amount.String()+" of test money are in the wallet.")
	}
	if fault.Is(err, "provider_not_connected") {
		return err // the page has no form in live mode
	}
	if add.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.showLedger(http.StatusUnprocessableEntity, add)
}
