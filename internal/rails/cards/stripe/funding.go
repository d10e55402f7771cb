package stripe

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

// topUp is Stripe's, with where it goes, which the SDK does not know yet.
type topUp struct {
	sdk.Topup
	destination string
}

func topUpOf(e sdk.Event) (topUp, error) {
	t, err := object[sdk.Topup](e)
	if err != nil {
		return topUp{}, err
	}
	var more struct {
		Destination string `json:"destination_balance"`
	}
	if err := json.Unmarshal(e.Data.Raw, &more); err != nil {
		return topUp{}, unreadable(err)
	}
	return topUp{t, more.Destination}, nil
}

// funded books money that the company sent to Stripe for its cards, into its
// wallet, and what was taken back, whether it is still there or not. What comes
// back before it came is booked as both. Money for another balance than that of
// cards is none of ours.
func (s *Service) funded(ctx context.Context, t ident.Tenant, e sdk.Event) error {
	in, err := topUpOf(e)
	if err != nil {
		return err
	}
	if in.destination != "" && in.destination != "issuing" {
		return nil
	}
	currency, err := money.ParseCurrency(string(in.Currency))
	if err != nil || in.ID == "" || in.Amount <= 0 {
		return unreadable(errors.Join(errors.New("stripe: a top-up without money"), err))
	}
	funding, wallet := ledger.Ref{Kind: ledger.Funding, Currency: currency}, ledger.WalletOf(uuid.Nil, currency)
	return s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.Post(ctx, tx, t, audit.System(), ledger.Posting{Key: "stripe:" + in.ID, Kind: "wallet.funded", Reference: in.ID,
			Entries: ledger.Move(funding, wallet, in.Amount)})
		if err == nil && e.Type == sdk.EventTypeTopupReversed {
			_, err = ledger.TakeBack(ctx, tx, t, audit.System(), ledger.Recall{Key: "stripe:" + in.ID + ":reversed", Kind: "wallet.funding_reversed",
				Reference: in.ID, Wallet: wallet, To: funding, Amount: in.Amount})
		}
		if err != nil {
			return err
		}
		return ledger.Repay(ctx, tx, t, audit.System(), wallet)
	})
}
