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
		v, first := h.ask(ctx, m)
		if settled.CompareAndSwap(false, true) {
			decided <- v
			first = first && v.undecided()
		} else {
			h.Log.WarnContext(ctx, "a card network was answered before the decision", "network_id", m.id, "decision", v.code)
			first = first && (v.undecided() || v.code == codeApproved)
		}
		if first { // the peer was told no, to what may have been approved
			h.takeBack(ctx, m)
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

// undecided says that nobody knows what became of a swipe.
func (v verdict) undecided() bool { return v.code == codeTimeOut || v.code == codeSystem }

// ask puts a swipe to the card service, and says whether it was the first time.
func (h *Host) ask(ctx context.Context, m *message) (v verdict, first bool) {
	first = m.mti[3] == '0'
	t, card, err := h.Cards.FindByPAN(ctx, m.pan)
	if err != nil {
		return refused(err, codeNoSuchCard), first
	}
	told, err := h.Cards.Authorize(ctx, t, card, m.swipe())
	switch a := told.Authorization; {
	case err != nil:
		return refused(err, codeSystem), first
	case !told.Approved:
		return verdict{code: told.NetworkCode, why: told.Code}, first && !told.Again
	case told.Again && a != nil && a.Status != spend.Pending && a.Status != spend.Confirmed:
		// What was approved has been taken back since.
		return verdict{code: codeTimeOut, why: string(a.Status)}, false
	default:
		return approvedAs(a), first && !told.Again
	}
}

func (m *message) swipe() cards.Swipe {
	return cards.Swipe{NetworkID: m.id, Amount: m.amount, Merchant: m.merchant, ExpMonth: m.expMonth, ExpYear: m.expYear, CVV: m.cvv}
}

// takeBack reverses what was approved too late, as soon as it is known. If it
// never is, the hold runs out by itself.
func (h *Host) takeBack(ctx context.Context, m *message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Book)
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause *= 3 {
		known, err := h.takenBack(ctx, m)
		if known {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			h.Log.WarnContext(ctx, "nobody knows what became of a swipe that was declined; a hold would run out by itself", "network_id", m.id, "error", err)
			return
		}
	}
}

// takenBack says whether it is known by now what became of a swipe, and takes it
// back if it was approved.
func (h *Host) takenBack(ctx context.Context, m *message) (bool, error) {
	t, card, err := h.Cards.FindByPAN(ctx, m.pan)
	if err != nil {
		return fault.Is(err, "not_found"), err
	}
	x, err := h.Cards.Find(ctx, t, card, m.id)
	if err != nil {
		return false, err
	}
	if x.Type == cards.Authorized {
		_, err = h.Cards.Reverse(ctx, t, card, cards.NetworkPosting{NetworkID: m.id + ":late", Authorization: x.Authorization, Final: true})
	}
	return err == nil || fault.From(err).Kind == fault.Conflict, err
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
