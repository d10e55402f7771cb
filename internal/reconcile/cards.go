package reconcile

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Likely causes of what cards, authorizations and the books disagree about.
const (
	causePosting = "A network's posting changes the authorization, the card's list and the books in one transaction, so one of them was changed by other hands. " +
		"The ledger's entries cannot be changed unseen: trust those."
	causeHoldOpen = "The authorization is closed and its hold was not released with it: money is kept back for nothing. It was closed by other hands; release the hold."
	causeHoldGone = "The authorization is open and its hold keeps less than it reserves: the hold was released or captured by other hands."
	causeHoldMore = "The hold keeps more than the authorization reserves: the authorization was changed by other hands after the money was set aside."
	causeStray    = "The authorization that it was placed for is gone, or points to another hold. Whoever removed it has kept the card's money back."
	causeEnded    = "Money came free after the card was canceled and has not gone back to its wallet. The sweep does that within seconds, if the server runs."
	causeNoCard   = "The card's row was removed after money was loaded. The books still have it: move it back to the wallet."
	causeNoLoad   = "A card and its first load are written together, so its account was removed by other hands."
)

// cards compares cards with what networks posted, the authorizations and the
// books.
func (r *Report) cards(ctx context.Context, q *db.Queries) error {
	n, err := q.ReconcileCardCount(ctx, r.Tenant.Company, r.Tenant.Live)
	if err != nil {
		return err
	}
	r.Cards = int(n)
	for _, check := range []func(context.Context, *db.Queries) error{r.cardRows, r.cardMoney, r.cardBookings, r.cardAuthorizations, r.holds} {
		if err := check(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) cardRows(ctx context.Context, q *db.Queries) error {
	rows, err := q.ReconcileCardRows(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, c := range rows {
		subject := cardID(c.Currency, c.CardID)
		switch {
		case !c.HasCard:
			r.differsFor(Cards, causeNoCard, subject, "its account has %s, and there is no such card", decimal(c.Balance, c.Currency))
		case !c.HasAccount:
			r.differsFor(Cards, causeNoLoad, subject, "the card has no account in the ledger")
		default:
			r.differsFor(Cards, causeEnded, subject, "the card is canceled, and %s are still on it", decimal(c.Balance, c.Currency))
		}
	}
	return err
}

func (r *Report) cardMoney(ctx context.Context, q *db.Queries) error {
	rows, err := q.ReconcileCardMoney(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, c := range rows {
		r.differsFor(Cards, causePosting, cardID(c.Currency, c.CardID), "its postings add up to %s, and its clearing account has %s",
			decimal(c.Posted, c.Currency), decimal(c.Booked, c.Currency))
	}
	return err
}

func (r *Report) cardBookings(ctx context.Context, q *db.Queries) error {
	rows, err := q.ReconcileCardBookings(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, x := range rows {
		r.differsFor(Cards, causePosting, cardID(x.Currency, x.CardID), "the %s %s is of %s, and the ledger booked %s for it", words(x.Type),
			ident.Format(ident.CardEntry, x.TransactionID), decimal(x.Amount, x.Currency), decimal(x.Booked, x.Currency))
	}
	return err
}

func (r *Report) cardAuthorizations(ctx context.Context, q *db.Queries) error {
	rows, err := q.ReconcileCardAuthorizations(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, a := range rows {
		subject := ident.Format(ident.Authorization, a.AuthorizationID)
		if a.Status == "" {
			r.differsFor(Cards, causePosting, subject, "a card has postings of an authorization that is not there")
			continue
		}
		r.differsFor(Cards, causePosting, subject, "it is %s and has spent %s, and its card's postings add up to %s", a.Status,
			decimal(a.Spent, a.Currency), decimal(a.Posted, a.Currency))
	}
	return err
}

// holds compares what authorizations reserve with what their holds keep.
func (r *Report) holds(ctx context.Context, q *db.Queries) error {
	rows, err := q.ReconcileAuthorizationHolds(ctx, r.Tenant.Company, r.Tenant.Live)
	if err != nil {
		return err
	}
	for _, h := range rows {
		subject, cause := ident.Format(ident.Authorization, h.AuthorizationID), causeHoldMore
		switch {
		case h.Status != "pending":
			cause = causeHoldOpen
		case h.Remaining < h.Reserved:
			cause = causeHoldGone
		}
		r.differsFor(Holds, cause, subject, "it is %s and reserves %s, and its hold keeps %s", h.Status, decimal(h.Reserved, h.Currency), decimal(h.Remaining, h.Currency))
	}
	stray, err := q.ReconcileStrayHolds(ctx, r.Tenant.Company, r.Tenant.Live)
	for _, h := range stray {
		r.differsFor(Holds, causeStray, cardID(h.Currency, h.CardID), "the hold %s keeps %s of it for no authorization",
			ident.Format(ident.Hold, h.HoldID), decimal(h.Remaining, h.Currency))
	}
	return err
}

func cardID(currency string, id uuid.UUID) string { return ident.FormatCard(currency, id) }
