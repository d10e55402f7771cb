package api

import (
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/getpurser/purser/internal/money"
)

// written is the authorization as JSON: the very bytes of encode, for a quarter
// of its time. The gate writes every answer before it goes on to the next, so that
// nobody is decided faster than they are written.
func (v *Authorization) written() ([]byte, error) {
	o := object{b: make([]byte, 0, 1024+len(v.Trace.raw)+len(v.Remedies.raw)+len(v.Policies.raw))}
	o.nullable(`{"id":`, v.ID)
	o.text(`,"decision":`, v.Decision)
	o.text(`,"status":`, v.Status)
	o.text(`,"reason_code":`, v.ReasonCode)
	o.text(`,"reason":`, v.Reason)
	o.text(`,"agent":`, v.Agent)
	o.money(`,"amount":`, v.Amount)
	o.text(`,"currency":`, v.Currency)
	o.merchant(`,"merchant":`, v.Merchant)
	o.text(`,"rail":`, v.Rail)
	o.instant(`,"expires_at":`, v.ExpiresAt)
	o.instant(`,"created_at":`, &v.CreatedAt)
	o.nullable(`,"token":`, v.Token)
	if v.Approval.value == nil {
		o.raw(`,"approval":`, []byte("null"))
	} else {
		o.any(`,"approval":`, v.Approval)
	}
	o.raw(`,"trace":`, v.Trace.raw)
	o.raw(`,"remedies":`, v.Remedies.raw)
	o.money(`,"requested_amount":`, v.RequestedAmount)
	o.money(`,"captured_amount":`, v.CapturedAmount)
	o.money(`,"refunded_amount":`, v.RefundedAmount)
	o.text(`,"capture":`, v.Capture)
	o.text(`,"purpose":`, v.Purpose)
	if len(v.Metadata) == 0 {
		o.raw(`,"metadata":`, emptyObject)
	} else {
		o.any(`,"metadata":`, v.Metadata)
	}
	o.text(`,"reference":`, v.Reference)
	o.text(`,"void_reason":`, v.VoidReason)
	o.raw(`,"policies":`, v.Policies.raw)
	o.text(`,"requested_by":`, v.RequestedBy)
	o.instant(`,"decided_at":`, v.DecidedAt)
	o.instant(`,"closed_at":`, v.ClosedAt)
	o.instant(`,"redeemed_at":`, v.RedeemedAt)
	o.truth(`,"livemode":`, v.Livemode)
	return append(o.b, '}'), o.err
}

// object writes JSON without looking at types. A member is given with what comes
// before its value.
type object struct {
	b   []byte
	err error
}

func (o *object) raw(member string, value json.RawMessage) {
	o.b = append(append(o.b, member...), value...)
}

func (o *object) text(member, s string) {
	o.b = append(o.b, member...)
	b, err := jsontext.AppendQuote(o.b, s)
	if o.b = b; err != nil {
		o.err = err
	}
}

func (o *object) nullable(member string, s *string) {
	if s == nil {
		o.raw(member, []byte("null"))
		return
	}
	o.text(member, *s)
}

func (o *object) truth(member string, value bool) {
	if value {
		o.raw(member, []byte("true"))
		return
	}
	o.raw(member, []byte("false"))
}

func (o *object) money(member string, a money.Amount) {
	o.b = a.AppendDecimal(append(o.b, member...))
}

func (o *object) instant(member string, t *time.Time) {
	if t == nil {
		o.raw(member, []byte("null"))
		return
	}
	o.b = append(append(o.b, member...), '"')
	o.b = append(t.AppendFormat(o.b, time.RFC3339Nano), '"')
}

func (o *object) merchant(member string, m Merchant) {
	o.text(member+`{"name":`, m.Name)
	for _, part := range []struct{ member, text string }{{`,"mcc":`, m.MCC}, {`,"country":`, m.Country}, {`,"domain":`, m.Domain}} {
		if part.text != "" {
			o.text(part.member, part.text)
		}
	}
	o.b = append(o.b, '}')
}

// any is for what is seldom there.
func (o *object) any(member string, v any) {
	value, err := encode(v)
	if err != nil {
		o.err = err
	}
	o.raw(member, value)
}
