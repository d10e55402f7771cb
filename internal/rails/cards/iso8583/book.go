package iso8583

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards"
)

// moreFollow is the function code of a capture that is not the last.
const moreFollow = "201"

// booking is a message about a card that was found.
type booking struct {
	h      *Host
	m      *message
	tenant ident.Tenant
	card   uuid.UUID
}

// book finds the card and does one thing with it, one message about an original
// at a time.
func (h *Host) book(ctx context.Context, m *message, do func(context.Context, booking) error) verdict {
	ctx, cancel := context.WithTimeout(ctx, h.Book)
	defer cancel()
	about := m.original
	if about == "" {
		about = m.id
	}
	defer h.serial.take(about)()
	t, card, err := h.Cards.FindByPAN(ctx, m.pan)
	if err != nil {
		return refused(err, codeNoSuchCard)
	}
	if err := do(ctx, booking{h, m, t, card}); err != nil {
		return refused(err, codeNoOriginal)
	}
	return coded(codeApproved)
}

// advise books what the acquirer approved in our stead: it cannot be refused
// any more. What it declined in our stead is only acknowledged.
func (h *Host) advise(ctx context.Context, m *message) verdict {
	if code := m.field(fieldCode); code != "" && code != codeApproved {
		return coded(codeApproved)
	}
	return h.book(ctx, m, func(ctx context.Context, b booking) error { return b.force(ctx) })
}

func (b booking) force(ctx context.Context) error {
	_, err := b.h.Cards.ForcePost(ctx, b.tenant, b.card, b.m.swipe())
	return err
}

// post books a capture, or a refund where the processing code says so.
func (h *Host) post(ctx context.Context, m *message) verdict {
	return h.book(ctx, m, func(ctx context.Context, b booking) error {
		original, err := b.original(ctx)
		switch {
		case m.credit && err == nil:
			_, err = h.Cards.Refund(ctx, b.tenant, b.card, b.posting(original.Authorization, m.amount.Minor))
		case m.credit:
		case fault.Is(err, "not_found"): // what is cleared is booked, whether or not it was asked for
			return b.force(ctx)
		case err == nil:
			_, err = h.Cards.Capture(ctx, b.tenant, b.card, b.posting(original.Authorization, m.amount.Minor))
		}
		return err
	})
}

// reverse takes back an authorization, or a part of it; of what is booked
// already it gives the money back.
func (h *Host) reverse(ctx context.Context, m *message) verdict {
	if m.original == "" {
		return coded(codeFormat)
	}
	if m.kept != 0 && m.kept >= m.amount.Minor {
		return coded(codeBadAmount)
	}
	return h.book(ctx, m, func(ctx context.Context, b booking) error {
		original, err := b.original(ctx)
		if err != nil {
			return err
		}
		if original.Type == cards.Authorized { // what is kept may be less than another reversal kept before
			p := b.posting(original.Authorization, 0)
			p.Keep = m.kept
			_, err = h.Cards.Reverse(ctx, b.tenant, b.card, p)
			return err
		}
		_, err = h.Cards.Refund(ctx, b.tenant, b.card, b.posting(original.Authorization, m.amount.Minor-m.kept))
		return err
	})
}

// original is what the message that this one is about did. The fault is
// not_found where that was declined too: there is nothing to go on with.
func (b booking) original(ctx context.Context) (cards.Transaction, error) {
	if b.m.original == "" {
		return cards.Transaction{}, fault.Missing("original")
	}
	x, err := b.h.Cards.Find(ctx, b.tenant, b.card, b.m.original)
	if err == nil && (x.Type == cards.Declined || x.Authorization == uuid.Nil) {
		err = fault.Missing("original")
	}
	return x, err
}

func (b booking) posting(authorization uuid.UUID, amount int64) cards.NetworkPosting {
	return cards.NetworkPosting{NetworkID: b.m.id, Authorization: authorization, Amount: amount, Final: b.m.field(fieldFunction) != moreFollow}
}
