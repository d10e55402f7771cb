package main

import (
	"net/url"
	"time"
)

type walletsGroup struct {
	List     listWallets    `cmd:"" api:"GET /v1/wallets" columns:"id,agent,currency,balance,held,owed" help:"List them, newest first."`
	TopUp    topUp          `cmd:"" name:"top-up" api:"POST /v1/sandbox/top-ups" columns:"transaction,wallet,amount,currency,balance" help:"Add test money."`
	Transfer walletTransfer `cmd:"" api:"POST /v1/wallets/transfers" columns:"transaction,from,to,amount,currency" help:"Move money between the company's wallet and an agent's, or two agents'."`
}

type listWallets struct{ paging }

// Run calls the endpoint.
func (c listWallets) Run(a *app) error { return c.list(a, "", nil) }

type topUp struct {
	Amount   string `arg:"" json:"amount" help:"In major units, such as 500."`
	Currency string `arg:"" json:"currency" help:"ISO 4217, such as usd."`
}

// Run calls the endpoint. --agent says whose wallet it is.
func (c topUp) Run(a *app) error { return a.do("", nil, c) }

type walletTransfer struct {
	Amount   string `arg:"" json:"amount" help:"In major units, such as 50."`
	Currency string `arg:"" json:"currency" help:"ISO 4217, such as usd."`
	From     string `json:"from,omitempty" help:"Agent whose wallet it comes from; the company's without it."`
	To       string `json:"to,omitempty" help:"Agent whose wallet it goes to; the company's without it."`
}

// Run calls the endpoint.
func (c walletTransfer) Run(a *app) error { return a.do("", nil, c) }

type ledgerGroup struct {
	Accounts     listAccounts     `cmd:"" api:"GET /v1/ledger/accounts" columns:"id,kind,agent,currency,side,balance" help:"List accounts, newest first."`
	Account      getAccount       `cmd:"" api:"GET /v1/ledger/accounts/{id}" columns:"id,kind,agent,currency,side,balance,floor,at,created_at" help:"Show one account, now or as it was."`
	Transactions listTransactions `cmd:"" api:"GET /v1/ledger/transactions" columns:"id,created_at,kind,reference,posted_by" help:"List transactions, newest first."`
	Transaction  thing            `cmd:"" api:"GET /v1/ledger/transactions/{id}" columns:"id,created_at,kind,reference,reverses,rate,posted_by,entries" help:"Show one transaction."`
	TrialBalance whole            `cmd:"" name:"trial-balance" api:"GET /v1/ledger/trial-balance" columns:"balanced,currencies" help:"Every account added up."`
}

type listAccounts struct {
	Kind     string `help:"wallet, card, hold, fees, clearing, settlement, exchange, funding, sandbox or shortfall."`
	Currency string `help:"ISO 4217."`
	paging
}

// Run calls the endpoint.
func (c listAccounts) Run(a *app) error {
	query := url.Values{}
	set(query, "kind", c.Kind)
	set(query, "currency", c.Currency)
	return c.list(a, "", query)
}

type getAccount struct {
	ID string    `arg:"" help:"Its id."`
	At time.Time `help:"The balance as it was then (RFC 3339)."`
}

// Run calls the endpoint.
func (c getAccount) Run(a *app) error {
	query := url.Values{}
	if !c.At.IsZero() {
		query.Set("at", c.At.Format(time.RFC3339Nano))
	}
	return a.do(c.ID, query, nil)
}

type listTransactions struct {
	Account string `help:"Only those of this account, by its id."`
	Kind    string `help:"Only those of this kind, such as sandbox.topped_up."`
	paging
}

// Run calls the endpoint.
func (c listTransactions) Run(a *app) error {
	query := url.Values{}
	set(query, "account", c.Account)
	set(query, "kind", c.Kind)
	return c.list(a, "", query)
}
