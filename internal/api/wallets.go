package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
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
	Owed      money.Amount `json:"owed" doc:"What its payer took back after it was spent. What comes into the wallet next goes there."`
	CreatedAt time.Time    `json:"created_at"`
	Livemode  bool         `json:"livemode"`
}

// TopUp is test money to add.
type TopUp struct {
	Amount   money.Number `json:"amount" example:"500" doc:"In major units."`
	Currency string       `json:"currency" minLength:"3" maxLength:"3" example:"usd"`
	Agent    string       `json:"agent,omitempty" minLength:"1" doc:"Into the wallet of this agent, by id or handle; the company's without it."`
}

// ToppedUp is what a top-up did.
type ToppedUp struct {
	Transaction string       `json:"transaction" example:"txn_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Wallet      string       `json:"wallet" example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Amount      money.Amount `json:"amount"`
	Currency    string       `json:"currency" example:"usd"`
	Balance     money.Amount `json:"balance" doc:"The wallet's, with it."`
}

// WalletTransfer is money to move between two wallets.
type WalletTransfer struct {
	Amount   money.Number `json:"amount" example:"50" doc:"In major units."`
	Currency string       `json:"currency" minLength:"3" maxLength:"3" example:"usd"`
	From     string       `json:"from,omitempty" minLength:"1" doc:"The agent whose wallet it comes from, by id or handle; the company's without it."`
	To       string       `json:"to,omitempty" minLength:"1" doc:"The agent whose wallet it goes to; the company's without it."`
}

// WalletTransferred is what a transfer did.
type WalletTransferred struct {
	Transaction string       `json:"transaction" example:"txn_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	From        string       `json:"from" example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9a" doc:"The wallet's account."`
	To          string       `json:"to" example:"acct_01jd3v7m4sfx1r5k0m7z2w8y9b"`
	Amount      money.Amount `json:"amount"`
	Currency    string       `json:"currency" example:"usd"`
}

func (a *API) registerWallets() {
	handle(a, huma.Operation{OperationID: "listWallets", Method: http.MethodGet, Path: "/v1/wallets", Summary: "List wallets", Tags: []string{"Ledger"},
		Description: "Newest first. Test mode begins with 10,000.00 in usd, eur and gbp."}, a.listWallets)
	effect(a, huma.Operation{OperationID: "topUp", Method: http.MethodPost, Path: "/v1/sandbox/top-ups", Summary: "Add test money", Tags: []string{"Ledger"},
		DefaultStatus: http.StatusCreated, Description: "In test mode. In live mode it is refused with provider_not_connected."}, a.topUp)
	effect(a, huma.Operation{OperationID: "transferBetweenWallets", Method: http.MethodPost, Path: "/v1/wallets/transfers", Summary: "Move money between wallets", Tags: []string{"Ledger"},
		DefaultStatus: http.StatusCreated, Description: "Between the company's wallet and an agent's, or two agents', of one currency."}, a.transferBetweenWallets)
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
	return Wallet{ID: account.ID, Agent: account.Agent, Currency: account.Currency, Balance: account.Balance, Held: x.HeldMoney(), Owed: x.OwedMoney(),
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
	if in.Body.Agent != "" {
		if owner, err = a.walletOwner(ctx, "body.agent", in.Body.Agent); err != nil {
			return ToppedUp{}, err
		}
	} else if c.agent != nil {
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

// walletOwner is the agent that a field names, or the company for none. A call
// that is scoped to an agent names no other.
func (a *API) walletOwner(ctx context.Context, field, named string) (uuid.UUID, error) {
	if named == "" {
		return uuid.Nil, nil
	}
	c := callOf(ctx)
	g, err := a.companies.Agent(ctx, c.Tenant, named)
	if err == nil && g.Status == company.AgentDeleted {
		err = fault.Missing("agent")
	}
	if err != nil {
		return uuid.Nil, err
	}
	return g.ID, c.sameAgent(g.ID, field)
}

func (a *API) transferBetweenWallets(ctx context.Context, tx pgx.Tx, in *struct{ Body WalletTransfer }) (WalletTransferred, error) {
	c := callOf(ctx)
	currency, err := money.ParseCurrency(in.Body.Currency)
	if err != nil {
		return WalletTransferred{}, err
	}
	m := ledger.Moving{Key: "transfer:" + ident.New().String()}
	var amountErr, fromErr, toErr error
	m.Amount, amountErr = money.Parse(string(in.Body.Amount), currency)
	m.From, fromErr = a.walletOwner(ctx, "body.from", in.Body.From)
	m.To, toErr = a.walletOwner(ctx, "body.to", in.Body.To)
	if err := errors.Join(fromErr, toErr); err != nil {
		return WalletTransferred{}, err
	}
	if amountErr != nil {
		return WalletTransferred{}, amountErr
	}
	x, err := ledger.Transfer(ctx, tx, c.Tenant, c.actor(), m)
	if err != nil {
		return WalletTransferred{}, err
	}
	out := WalletTransferred{Transaction: ident.Format(ident.Transaction, x.ID), Amount: m.Amount, Currency: string(currency)}
	for _, l := range x.Lines {
		if l.Owner == m.From {
			out.From = ident.Format(ident.Account, l.Account)
		} else {
			out.To = ident.Format(ident.Account, l.Account)
		}
	}
	return out, nil
}
