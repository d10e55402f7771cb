package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

// LedgerAccount is an account of the books.
type LedgerAccount struct {
	ID        string              `json:"id" example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Kind      string              `json:"kind" enum:"wallet,card,hold,fees,clearing,settlement,exchange,funding,sandbox,shortfall"`
	Agent     *string             `json:"agent" nullable:"true" doc:"The agent whose wallet it is."`
	Account   *string             `json:"account" nullable:"true" doc:"The account whose holds it keeps."`
	Currency  string              `json:"currency" example:"usd"`
	Side      string              `json:"side" enum:"debit,credit" doc:"The side that raises the balance."`
	Balance   money.Amount        `json:"balance" doc:"As it stands, or as it was at the time asked for."`
	Floor     maybe[money.Amount] `json:"floor" doc:"What the balance never goes below; null where nothing bounds it."`
	At        *time.Time          `json:"at" nullable:"true" doc:"The time asked for; null for now."`
	CreatedAt time.Time           `json:"created_at"`
	Livemode  bool                `json:"livemode"`
}

// LedgerTransaction is two or more entries that add up to zero in each currency.
type LedgerTransaction struct {
	ID        string        `json:"id" example:"txn_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Kind      string        `json:"kind" example:"sandbox.topped_up"`
	Reference string        `json:"reference" doc:"What it was posted for, such as a card's id."`
	Reverses  *string       `json:"reverses" nullable:"true" doc:"The transaction that this one takes back."`
	Hold      *string       `json:"hold" nullable:"true" doc:"The hold that it places, captures or releases."`
	Rate      *string       `json:"rate" nullable:"true" example:"0.9215" doc:"Of an exchange: the price of one unit sold, as a decimal."`
	Entries   []LedgerEntry `json:"entries"`
	PostedBy  string        `json:"posted_by" doc:"The key or member that posted it, or system."`
	CreatedAt time.Time     `json:"created_at"`
	Livemode  bool          `json:"livemode"`
}

// LedgerEntry is one account's part of a transaction.
type LedgerEntry struct {
	Account  string       `json:"account" example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Kind     string       `json:"kind" enum:"wallet,card,hold,fees,clearing,settlement,exchange,funding,sandbox,shortfall"`
	Side     string       `json:"side" enum:"debit,credit"`
	Amount   money.Amount `json:"amount"`
	Currency string       `json:"currency" example:"usd"`
}

// TrialBalance is every account added up.
type TrialBalance struct {
	Balanced   bool            `json:"balanced" doc:"Whether debits equal credits in every currency."`
	Currencies []TrialCurrency `json:"currencies"`
}

// TrialCurrency is the accounts of one currency.
type TrialCurrency struct {
	Currency string       `json:"currency" example:"usd"`
	Debits   money.Amount `json:"debits"`
	Credits  money.Amount `json:"credits"`
	Balance  money.Amount `json:"balance" doc:"Debits less credits: zero."`
	Kinds    []TrialKind  `json:"kinds"`
}

// TrialKind is the accounts of one kind.
type TrialKind struct {
	Kind     string       `json:"kind" enum:"wallet,card,hold,fees,clearing,settlement,exchange,funding,sandbox,shortfall"`
	Accounts int          `json:"accounts"`
	Debits   money.Amount `json:"debits"`
	Credits  money.Amount `json:"credits"`
}

type AccountFilter struct {
	Kind     string `query:"kind" enum:"wallet,card,hold,fees,clearing,settlement,exchange,funding,sandbox,shortfall" doc:"Only accounts of this kind."`
	Currency string `query:"currency" maxLength:"3" doc:"ISO 4217, in any case."`
}

func (a *API) registerLedger() {
	tagged := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Description: description, Tags: []string{"Ledger"}}
	}
	handle(a, tagged("listLedgerAccounts", "/v1/ledger/accounts", "List accounts", "Newest first. A call that is scoped to one agent sees that agent's."), a.listLedgerAccounts)
	handle(a, tagged("getLedgerAccount", "/v1/ledger/accounts/{id}", "Get an account", "With at, the balance is added up from the entries until then."), a.getLedgerAccount)
	handle(a, tagged("listLedgerTransactions", "/v1/ledger/transactions", "List transactions", "Newest first, with their entries."), a.listLedgerTransactions)
	handle(a, tagged("getLedgerTransaction", "/v1/ledger/transactions/{id}", "Get a transaction", ""), a.getLedgerTransaction)
	handle(a, tagged("getTrialBalance", "/v1/ledger/trial-balance", "Get the trial balance", "Every account added up, by currency and kind. Not for calls that are scoped to one agent."), a.getTrialBalance)
	a.registerWallets()
}

func (a *API) listLedgerAccounts(ctx context.Context, in *struct {
	Paging
	AccountFilter
}) (*reply[List[LedgerAccount]], error) {
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	c, f := callOf(ctx), ledger.AccountFilter{Owner: callOf(ctx).agent, Kind: ledger.Kind(in.Kind)}
	if in.Currency != "" {
		if f.Currency, err = money.ParseCurrency(in.Currency); err != nil {
			return nil, err
		}
	}
	rows, err := a.books.Accounts(ctx, c.Tenant, f, ledger.Page{Limit: in.Limit + 1, Before: before})
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(x ledger.Account) uuid.UUID { return x.ID }), c.accountView), nil
}

func (a *API) getLedgerAccount(ctx context.Context, in *struct {
	ID string    `path:"id" doc:"The account's id." example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	At time.Time `query:"at" doc:"The balance as it was then."`
}) (*reply[LedgerAccount], error) {
	c := callOf(ctx)
	account, err := a.accountOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := c.accountView(account)
	if !in.At.IsZero() {
		minor, err := a.books.BalanceAt(ctx, c.Tenant, account, in.At)
		if err != nil {
			return nil, err
		}
		out.Balance, out.At = money.Of(minor, account.Currency), instant(in.At)
	}
	return &reply[LedgerAccount]{out}, nil
}

// accountOf finds an account that the caller sees.
func (a *API) accountOf(ctx context.Context, named string) (ledger.Account, error) {
	c := callOf(ctx)
	id, ok := ident.Parse(ident.Account, named)
	if !ok {
		return ledger.Account{}, missing("account")
	}
	account, err := a.books.Account(ctx, c.Tenant, id)
	if err == nil && !c.sees(account.Owner) {
		err = missing("account")
	}
	return account, err
}

func (a *API) listLedgerTransactions(ctx context.Context, in *struct {
	Paging
	Account string `query:"account" doc:"Only those with an entry of this account."`
	Kind    string `query:"kind" maxLength:"64" doc:"Only those of this kind."`
}) (*reply[List[LedgerTransaction]], error) {
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	c, f := callOf(ctx), ledger.TransactionFilter{Owner: callOf(ctx).agent, Kind: in.Kind}
	if in.Account != "" {
		account, err := a.accountOf(ctx, in.Account)
		if err != nil {
			return nil, err
		}
		f.Account = &account.ID
	}
	rows, err := a.books.Transactions(ctx, c.Tenant, f, ledger.Page{Limit: in.Limit + 1, Before: before})
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(x ledger.Transaction) uuid.UUID { return x.ID }), c.transactionView), nil
}

func (a *API) getLedgerTransaction(ctx context.Context, in *struct {
	ID string `path:"id" doc:"The transaction's id." example:"txn_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}) (*reply[LedgerTransaction], error) {
	id, ok := ident.Parse(ident.Transaction, in.ID)
	if !ok {
		return nil, missing("transaction")
	}
	c := callOf(ctx)
	x, err := a.books.Transaction(ctx, c.Tenant, id)
	if err != nil {
		return nil, err
	}
	for _, l := range x.Lines {
		if c.sees(l.Owner) {
			return &reply[LedgerTransaction]{c.transactionView(x)}, nil
		}
	}
	return nil, missing("transaction")
}

func (a *API) getTrialBalance(ctx context.Context, _ *struct{}) (*reply[TrialBalance], error) {
	c := callOf(ctx)
	if c.agent != nil {
		return nil, fault.New(fault.Forbidden, "agent_not_bound", "The trial balance is the company's, and this call is scoped to one agent.")
	}
	rows, err := a.books.TrialBalance(ctx, c.Tenant)
	return &reply[TrialBalance]{trialView(rows)}, err
}
