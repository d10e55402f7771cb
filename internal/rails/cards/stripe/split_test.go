package stripe_test

import (
	"encoding/json"
	"testing"
)

// about sends an event that a test has made up.
func (w *world) about(kind, id string, about, previous object) resent {
	data := object{"object": about}
	if previous != nil {
		data["previous_attributes"] = previous
	}
	body, err := json.Marshal(object{"id": id, "object": "event", "type": kind, "livemode": false, "data": data})
	w.must(err)
	return w.send(object{"Body": string(body)})
}

// A transaction that was booked whole is told of again after the merchant asked
// for more.
func TestCaptureToldAgainAfterMore(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	out := w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000})
	x := object{"id": "ipi_over", "object": "issuing.transaction", "amount": -6000, "currency": "eur", "type": "capture", "created": 2,
		"merchant_amount": -6000, "merchant_currency": "eur", "livemode": false, "metadata": object{}, "authorization": out.Ref, "card": c.ProviderRef, "merchant_data": object{"name": "AWS", "category_code": "7372"}}
	if got := w.about("issuing_transaction.created", "evt_x", x, nil); got.Status != 200 {
		t.Fatal(got)
	}
	w.stands(c, 14000, 0)
	history := []any{object{"amount": 5000, "approved": true, "created": 1}}
	a := object{"id": out.Ref, "object": "issuing.authorization", "amount": 5000, "approved": true, "card": object{"id": c.ProviderRef}, "currency": "eur",
		"status": "pending", "transactions": []any{x}, "request_history": history, "merchant_data": object{"name": "AWS", "category_code": "7372"},
		"pending_request": object{"amount": 3000, "currency": "eur"}}
	w.about("issuing_authorization.request", "evt_more", a, nil)
	w.stands(c, 11000, 3000)
	a["pending_request"], a["request_history"] = nil, append(history, object{"amount": 3000, "approved": true, "created": 3})
	w.about("issuing_authorization.updated", "evt_up", a, nil)
	w.stands(c, 11000, 3000)
	a["status"] = "closed"
	w.about("issuing_authorization.updated", "evt_closed", a, nil)
	w.stands(c, 14000, 0)
}

// The second of three requests was declined by Stripe without asking us.
func TestGapInRequests(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	out := w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000})
	history := []any{object{"amount": 5000, "approved": true, "created": 1}, object{"amount": 9000, "approved": false, "created": 2, "reason": "insufficient_funds"}}
	a := object{"id": out.Ref, "object": "issuing.authorization", "amount": 5000, "approved": true, "card": object{"id": c.ProviderRef}, "currency": "eur",
		"status": "pending", "transactions": []any{}, "request_history": history, "merchant_data": object{"name": "AWS", "category_code": "7372"},
		"pending_request": object{"amount": 3000, "currency": "eur"}}
	w.about("issuing_authorization.request", "evt_more", a, nil)
	w.stands(c, 12000, 8000)
	w.play(deed{Do: "capture", ID: "b", Of: "a", Card: c.ProviderRef, Minor: 8000})
	w.stands(c, 12000, 0)
}
