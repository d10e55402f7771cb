package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

// Wallet is money to spend in one currency.
type Wallet struct {
	ID        string       `json:"id" example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9a" doc:"The account's."`
	Agent     *string      `json:"agent" nullable:"true" doc:"Whose it is; null for the company's."`
	Currency  string       `json:"currency" example:"usd"`
	Balance   money.Amount `json:"balance" doc:"What may be spent now."`
	Held      money.Amount `json:"held" doc:"What open holds keep, on top of the balance."`
	CreatedAt time.Time    `json:"created_at"`
	Livemode  bool         `json:"livemode"`
}

// TopUp is test money to add.
type TopUp struct {
	Amount   money.Number `json:"amount" example:"500" doc:"In major units."`
	Currency string       `json:"currency" minLength:"3" maxLength:"3" example:"usd"`
	Agent    string       `json:"agent,omitempty" minLength:"1" maxLength:"64" doc:"Into the wallet of this agent, by id or handle; the company's without it."`
}

// ToppedUp is what a top-up did.
type ToppedUp struct {
	Transaction string       `json:"transaction" example:"txn_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Wallet      string       `json:"wallet" example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Amount      money.Amount `json:"amount"`
	Currency    string       `json:"currency" example:"usd"`
	Balance     money.Amount `json:"balance" doc:"The wallet's, with it."`
}

func (a *API) registerWallets() {
	handle(a, huma.Operation{OperationID: "listWallets", Method: http.MethodGet, Path: "/v1/wallets", Summary: "List wallets", Tags: []string{"Ledger"},
		Description: "Newest first. Test mode begins with 10,000.00 in usd, eur and gbp."}, a.listWallets)
	effect(a, huma.Operation{OperationID: "topUp", Method: http.MethodPost, Path: "/v1/sandbox/top-ups", Summary: "Add test money", Tags: []string{"Ledger"},
		DefaultStatus: http.StatusCreated, Description: "In test mode. In live mode it is refused with provider_not_connected."}, a.topUp)
}

func (a *API) listWallets(ctx context.Context, in *Paging) (*reply[List[Wallet]], error) {
	before, err := a.before(ctx, *in)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	rows, err := a.books.Wallets(ctx, c.Tenant, c.agent, ledger.Page{Limit: in.Limit + 1, Before: before})
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, *in, rows, idPosition(func(x ledger.WalletState) uuid.UUID { return x.ID }), c.walletView), nil
}

func (c *call) walletView(x ledger.WalletState) Wallet {
	account := c.accountView(x.Account)
	return Wallet{ID: account.ID, Agent: account.Agent, Currency: account.Currency, Balance: account.Balance, Held: x.HeldMoney(),
		CreatedAt: account.CreatedAt, Livemode: account.Livemode}
}

func (a *API) topUp(ctx context.Context, tx pgx.Tx, in *struct{ Body TopUp }) (ToppedUp, error) {
	c, owner := callOf(ctx), uuid.Nil
	currency, err := money.ParseCurrency(in.Body.Currency)
	if err != nil {
		return ToppedUp{}, err
	}
	amount, err := money.Parse(string(in.Body.Amount), currency)
	if err != nil {
		return ToppedUp{}, err
	}
	switch {
	case in.Body.Agent != "":
		g, err := a.companies.Agent(ctx, c.Tenant, in.Body.Agent)
		if err == nil {
			err = c.sameAgent(g.ID, "body.agent")
		}
		if err != nil {
			return ToppedUp{}, err
		}
		owner = g.ID
	case c.agent != nil:
		owner = *c.agent
	}
	wallet := ledger.WalletOf(owner, currency)
	x, err := ledger.TopUp(ctx, tx, c.Tenant, c.actor(), "top-up:"+ident.New().String(), wallet, amount.Minor)
	if err != nil {
		return ToppedUp{}, err
	}
	after, err := ledger.Balance(ctx, tx, c.Tenant, wallet)
	return ToppedUp{Transaction: ident.Format(ident.Transaction, x.ID), Wallet: ident.Format(ident.Account, after.ID), Amount: amount,
		Currency: string(currency), Balance: after.Money()}, err
}
