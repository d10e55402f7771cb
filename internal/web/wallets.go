package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/views"
)

func (w *Web) walletPages() []page {
	return []page{
		{http.MethodGet, "/wallets", member, access.ScopeRead, (*visit).wallets},
		{http.MethodPost, "/wallets/top-ups", member, access.ScopeAdmin, (*visit).topUp},
		{http.MethodPost, "/wallets/moves", member, access.ScopeAdmin, (*visit).moveMoney},
	}
}

func (v *visit) wallets() error {
	return v.showWallets(http.StatusOK, views.WalletsPage{})
}

// showWallets shows the page with its forms as they were left.
func (v *visit) showWallets(status int, page views.WalletsPage) error {
	before, err := v.olderThan(ident.Account)
	if err != nil {
		return err
	}
	page.Older = before != nil
	if err := v.agentWallets(&page, before); err != nil {
		return err
	}
	if !page.Older {
		if err := v.companyWallets(&page); err != nil {
			return err
		}
	}
	if page.Issuer, err = v.issuer(); err != nil {
		return err
	}
	if page.Add.Currency == "" {
		page.Add.Currency = string(v.frame.Company.Currency)
	}
	if page.Move.Key == "" {
		page.Move.Key = ident.New().String()
	}
	return v.show(status, views.Wallets(v.titled("Wallets"), page))
}

// companyWallets reads the company's, in the order of currencies, and what the
// forms offer.
func (v *visit) companyWallets(page *views.WalletsPage) (err error) {
	nobody := uuid.Nil
	page.Company, err = v.web.books.Wallets(v.ctx(), v.tenant(), &nobody, ledger.Page{Limit: len(money.Currencies())})
	if err != nil {
		return err
	}
	slices.SortFunc(page.Company, func(a, b ledger.WalletState) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	page.Offered, err = v.web.companies.Agents(v.ctx(), v.tenant(), company.Page{Limit: offered})
	return err
}

// agentWallets reads a page of the wallets that are agents'.
func (v *visit) agentWallets(page *views.WalletsPage, before *uuid.UUID) error {
	rows, err := v.web.books.Wallets(v.ctx(), v.tenant(), nil, ledger.Page{Limit: pageRows + 1, Before: before})
	if err != nil {
		return err
	}
	if len(rows) > pageRows {
		rows = rows[:pageRows]
		page.Next = v.frame.With("/wallets", "before", ident.Format(ident.Account, rows[pageRows-1].ID))
	}
	var owners []uuid.UUID
	for _, w := range rows {
		if w.Owner != uuid.Nil { // the company's are all on the first page
			page.Agents, owners = append(page.Agents, w), append(owners, w.Owner)
		}
	}
	page.Handles, err = v.handles(owners...)
	return err
}

// walletOf finds the agent that a form names by id or handle; nothing typed is
// the company.
func (v *visit) walletOf(field, typed string) (uuid.UUID, error) {
	if typed == "" {
		return uuid.Nil, nil
	}
	a, err := v.web.companies.Agent(v.ctx(), v.tenant(), typed)
	if fault.Is(err, "not_found") || err == nil && a.Status == company.AgentDeleted {
		return uuid.Nil, fault.BadField(field, "unknown_agent", "There is no such agent in %s mode.", v.tenant().Mode())
	}
	return a.ID, err
}

// topUp adds test money to a wallet.
func (v *visit) topUp() error {
	add := views.AddMoney{Amount: v.typed("amount"), Currency: v.typed("currency"), Agent: v.typed("agent")}
	amount, err := parseMoney(add.Amount, add.Currency)
	owner := uuid.Nil
	if err == nil {
		owner, err = v.walletOf("agent", add.Agent)
	}
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.TopUp(ctx, tx, v.tenant(), v.actor(), "top-up:"+ident.New().String(), ledger.WalletOf(owner, amount.Currency), amount.Minor)
			return err
		})
	}
	if err == nil {
		return v.to("/wallets", amount.String()+" of test money are in the wallet"+ofAgent(add.Agent)+".")
	}
	if fault.Is(err, "provider_not_connected") {
		return err // the page has no form in live mode
	}
	if add.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.showWallets(http.StatusUnprocessableEntity, views.WalletsPage{Add: add})
}

// moveMoney moves money from one wallet to another of the same currency.
func (v *visit) moveMoney() error {
	form := views.MoveMoney{From: v.typed("from"), To: v.typed("to"), Amount: v.typed("amount"), Key: v.typed("key")}
	m, err := v.moving(form)
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.Transfer(ctx, tx, v.tenant(), v.actor(), m)
			return err
		})
	}
	if err == nil {
		return v.to("/wallets", m.Amount.String()+" are in the wallet"+ofAgent(form.To)+".")
	}
	if form.Wrong, err = troubles(err); err != nil {
		return err
	}
	form.Key = "" // what was refused may be sent again, corrected
	return v.showWallets(http.StatusUnprocessableEntity, views.WalletsPage{Move: form})
}

// moving reads the form.
func (v *visit) moving(form views.MoveMoney) (ledger.Moving, error) {
	from, ok := ident.Parse(ident.Account, form.From)
	if !ok {
		return ledger.Moving{}, fault.BadField("from", "unknown_wallet", "Choose the wallet that the money is in.")
	}
	source, err := v.web.books.Account(v.ctx(), v.tenant(), from)
	if fault.Is(err, "not_found") || err == nil && source.Kind != ledger.Wallet {
		return ledger.Moving{}, fault.BadField("from", "unknown_wallet", "There is no such wallet in %s mode.", v.tenant().Mode())
	}
	if err != nil {
		return ledger.Moving{}, err
	}
	m := ledger.Moving{Key: "wallet-move:" + form.Key, From: source.Owner}
	if m.Amount, err = money.Parse(form.Amount, source.Currency); err != nil {
		return m, err
	}
	m.To, err = v.walletOf("to", form.To)
	return m, err
}

// typed is a field of a form without the spaces around it.
func (v *visit) typed(field string) string { return strings.TrimSpace(v.FormValue(field)) }

func parseMoney(amount, currency string) (money.Amount, error) {
	c, err := money.ParseCurrency(currency)
	if err != nil {
		return money.Amount{}, err
	}
	return money.Parse(amount, c)
}

func ofAgent(handle string) string {
	if handle == "" {
		return " of the company"
	}
	return " of " + handle
}
