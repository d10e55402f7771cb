package ledger

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
)

// Recall is money that its payer has taken back from a wallet, such as a bank
// transfer that bounced.
type Recall struct {
	Key, Kind, Reference string
	Wallet               Ref
	// To is where it goes to, which is where it came from.
	To Ref
	// Amount is in minor units of the wallet's currency.
	Amount int64
}

// TakeBack posts a recall. It has happened, whether the money is still in the
// wallet or not: what the wallet lacks is owed (a Shortfall of the same owner),
// until Repay finds it there. Errors: those of Post but insufficient_funds.
func TakeBack(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in Recall) (Transaction, error) {
	owed := shortfallOf(in.Wallet)
	l, err := lock(ctx, tx, t, []Ref{in.Wallet, in.To, owed}, in.Key)
	if err != nil {
		return Transaction{}, err
	}
	there := min(l.accounts[in.Wallet].own(), in.Amount)
	entries := nonzero([]Entry{{in.To, in.Amount}, {in.Wallet, -there}, {owed, there - in.Amount}})
	out, _, err := post(ctx, tx, t, by, draft{Posting: Posting{in.Key, in.Kind, in.Reference, entries}, asked: Move(in.Wallet, in.To, in.Amount)})
	return out, err
}

// own is what may go out of an account that is no credit, in minor units.
func (a Account) own() int64 {
	if a.Floor == nil {
		return max(a.Balance, 0)
	}
	return max(a.Balance-max(*a.Floor, 0), 0)
}

// Repay gives what is in a wallet to what is owed for it, as far as it goes.
// Where nothing is owed it does nothing.
func Repay(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, wallet Ref) error {
	owed := shortfallOf(wallet)
	all, err := shortfalls(ctx, db.New(tx), t, []uuid.UUID{wallet.Owner})
	if err != nil || all[wallet] == 0 {
		return err
	}
	l, err := lock(ctx, tx, t, []Ref{wallet, owed}, "")
	if err != nil {
		return err
	}
	amount := min(l.accounts[wallet].own(), l.accounts[owed].Balance)
	if amount == 0 {
		return nil
	}
	_, err = Post(ctx, tx, t, by, Posting{Key: "repaid:" + ident.New().String(), Kind: "shortfall.repaid", Entries: Move(wallet, owed, amount)})
	return err
}

// Owing is a wallet that has money and owes some.
type Owing struct {
	Tenant ident.Tenant
	Wallet Ref
}

// Owings finds wallets of every company that Repay can do something for: money
// came back to them from elsewhere.
func Owings(ctx context.Context, pool *postgres.Pool) ([]Owing, error) {
	rows, err := db.New(pool).LedgerOwings(ctx)
	out := make([]Owing, len(rows))
	for i, r := range rows {
		out[i] = Owing{ident.Tenant{Company: r.CompanyID, Live: r.Live}, WalletOf(r.OwnerID, money.Currency(r.Currency))}
	}
	return out, err
}

func shortfallOf(wallet Ref) Ref { return Ref{Shortfall, wallet.Owner, wallet.Currency} }

// shortfalls is what is owed for the wallets of these owners, in minor units.
func shortfalls(ctx context.Context, q *db.Queries, t ident.Tenant, owners []uuid.UUID) (map[Ref]int64, error) {
	rows, err := q.LedgerShortfalls(ctx, t.Company, t.Live, owners)
	out := map[Ref]int64{}
	for _, r := range rows {
		out[WalletOf(r.OwnerID, money.Currency(r.Currency))] = Account{}.side(r.Balance)
	}
	return out, err
}
