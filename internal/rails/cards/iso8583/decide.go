package iso8583

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/spend"
)

// authorize decides a swipe in time or declines it. A decision that comes too
// late is taken back: the peer has been told no.
func (h *Host) authorize(ctx context.Context, m *message) verdict {
	if m.credit {
		return coded(codeUnsupported)
	}
	var settled atomic.Bool // by whoever is first: the decision or the clock
	decided := make(chan verdict, 1)
	h.late.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, h.Book)
		defer cancel()
		defer h.serial.take(m.id)()
		v, a := h.ask(ctx, m)
		if settled.CompareAndSwap(false, true) {
			decided <- v
			return
		}
		h.Log.WarnContext(ctx, "a card network was answered before the decision", "network_id", m.id, "decision", v.code)
		if a != nil {
			h.takeBack(ctx, m, a)
		}
	})
	clock := time.NewTimer(h.Decide)
	defer clock.Stop()
	select {
	case v := <-decided:
		return v
	case <-clock.C:
	}
	if settled.CompareAndSwap(false, true) {
		return verdict{code: codeTimeOut, why: "timed_out"}
	}
	return <-decided
}

// ask puts a swipe to the card service, and gives what was approved just now.
func (h *Host) ask(ctx context.Context, m *message) (verdict, *spend.Authorization) {
	t, card, err := h.Cards.FindByPAN(ctx, m.pan)
	if err != nil {
		return refused(err, codeNoSuchCard), nil
	}
	v, err := h.Cards.Authorize(ctx, t, card, m.swipe())
	switch a := v.Authorization; {
	case err != nil:
		return refused(err, codeSystem), nil
	case !v.Approved:
		return verdict{code: v.NetworkCode, why: v.Code}, nil
	case v.Again && a != nil && a.Status != spend.Pending && a.Status != spend.Confirmed:
		// What was approved has been taken back since.
		return verdict{code: codeTimeOut, why: string(a.Status)}, nil
	case v.Again:
		return approvedAs(a), nil
	default:
		return approvedAs(a), a
	}
}

func (m *message) swipe() cards.Swipe {
	return cards.Swipe{NetworkID: m.id, Amount: m.amount, Merchant: m.merchant, ExpMonth: m.expMonth, ExpYear: m.expYear, CVV: m.cvv}
}

// takeBack reverses what was approved too late. If that fails too, the hold
// runs out by itself.
func (h *Host) takeBack(ctx context.Context, m *message, a *spend.Authorization) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Book)
	defer cancel()
	t, card, err := h.Cards.FindByPAN(ctx, m.pan)
	if err == nil {
		_, err = h.Cards.Reverse(ctx, t, card, cards.NetworkPosting{NetworkID: m.id + ":late", Authorization: a.ID, Final: true})
	}
	if err != nil {
		h.Log.ErrorContext(ctx, "a late approval could not be taken back; it ends by itself", "network_id", m.id, "error", err)
	}
}

// refused is the answer to an error: missing is what not_found means here.
func refused(err error, missing string) verdict {
	v := verdict{code: codeSystem, cause: err}
	f := fault.From(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		v.code = codeTimeOut
	case f.Kind == fault.NotFound:
		v.code, v.cause = missing, nil
	case f.Kind == fault.Invalid, f.Code == "refund_above_capture":
		v.code, v.why, v.cause = codeBadAmount, f.Code, nil
	case f.Kind == fault.Conflict:
		v.code, v.why, v.cause = codeNotPossible, f.Code, nil
	}
	return v
}
