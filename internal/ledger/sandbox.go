package ledger

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// Test mode begins with openingMinor (10,000.00) in each of openingCurrencies.
const openingMinor = 1_000_000

func openingCurrencies() []money.Currency { return []money.Currency{"eur", "gbp", "usd"} }

// openingKey is the key of the posting, so that there is one.
const openingKey = "sandbox.opened"

// OpenSandbox gives the wallets of test mode the money that they begin with,
// once. Whatever first touches one of them does it as well. In live mode it
// does nothing.
func OpenSandbox(ctx context.Context, tx pgx.Tx, t ident.Tenant) error {
	if t.Live {
		return nil
	}
	var entries []Entry
	for _, c := range openingCurrencies() {
		entries = append(entries, Move(sandboxOf(c), WalletOf(uuid.Nil, c), openingMinor)...)
	}
	// Opened first, they are not new to the posting, which would begin this again.
	p, _, err := columnsOf(t, refsOf(entries))
	if err == nil {
		_, err = db.New(tx).LedgerOpenAccounts(ctx, p)
	}
	if err != nil {
		return err
	}
	_, err = Post(ctx, tx, t, audit.System(), Posting{Key: openingKey, Kind: openingKey, Entries: entries})
	return err
}

// opensSandbox says whether a wallet that begins with money was just made.
func opensSandbox(t ident.Tenant, opened []Ref) bool {
	return !t.Live && slices.ContainsFunc(opened, func(r Ref) bool {
		return r.Kind == Wallet && r.Owner == uuid.Nil && slices.Contains(openingCurrencies(), r.Currency)
	})
}

// WalletOf names a wallet: an agent's, or the company's for the nil UUID.
func WalletOf(owner uuid.UUID, c money.Currency) Ref { return Ref{Wallet, owner, c} }

func sandboxOf(c money.Currency) Ref { return Ref{Sandbox, uuid.Nil, c} }

// TopUp adds test money to a wallet. In live mode it is refused with
// provider_not_connected (409): real money comes from a provider.
func TopUp(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, key string, wallet Ref, minor int64) (Transaction, error) {
	if t.Live {
		return Transaction{}, fault.New(fault.Conflict, "provider_not_connected", "Live wallets are funded through a provider, and none is connected. Top-ups are for test mode.")
	}
	x, err := Post(ctx, tx, t, by, Posting{Key: key, Kind: "sandbox.topped_up", Entries: Move(sandboxOf(wallet.Currency), wallet, minor)})
	if err != nil {
		return Transaction{}, err
	}
	return x, Repay(ctx, tx, t, by, wallet)
}
