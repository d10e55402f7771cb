package stripe_test

import "testing"

func (w *world) captures() (ids []string) {
	for _, m := range w.look().Moves {
		if m["type"] == "capture" {
			ids = append(ids, m["id"].(string))
		}
	}
	return ids
}

func dispute(id, of, status string, minor int64) object {
	return object{"id": id, "object": "issuing.dispute", "amount": minor, "currency": "eur", "status": status, "transaction": of, "created": 1, "livemode": false, "metadata": object{}}
}

// The one that was opened later is closed first.
func TestTwoDisputesOfOneAuthorization(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 10000})
	w.play(deed{Do: "capture", ID: "b", Of: "a", Card: c.ProviderRef, Minor: 4000})
	w.play(deed{Do: "capture", ID: "b2", Of: "a", Card: c.ProviderRef, Minor: 6000, Final: true})
	w.stands(c, 10000, 0)
	x := w.captures()
	for i, s := range []struct {
		id, of, status string
		minor          int64
	}{{"idp_1", x[0], "submitted", 4000}, {"idp_2", x[1], "submitted", 6000}, {"idp_2", x[1], "won", 6000}, {"idp_1", x[0], "won", 4000}, {"idp_1", x[0], "won", 4000}} {
		out := w.about("issuing_dispute.updated", "evt_d"+string(rune('0'+i)), dispute(s.id, s.of, s.status, s.minor), nil)
		if out.Status != 200 {
			t.Errorf("%+v: %d", s, out.Status)
		}
	}
	w.stands(c, 20000, 0)
}

// A capture that was split is disputed whole.
func TestDisputeOverTwoRequests(t *testing.T) {
	t.Parallel()
	w, c := generous(t)
	out := w.play(deed{Do: "swipe", ID: "a", Card: c.ProviderRef, Minor: 5000})
	a := object{"id": out.Ref, "object": "issuing.authorization", "amount": 5000, "approved": true, "card": object{"id": c.ProviderRef}, "currency": "eur",
		"status": "pending", "transactions": []any{}, "request_history": []any{object{"amount": 5000, "approved": true, "created": 1}}, "merchant_data": object{"name": "AWS", "category_code": "7372"},
		"pending_request": object{"amount": 3000, "currency": "eur"}}
	w.about("issuing_authorization.request", "evt_more", a, nil)
	w.stands(c, 12000, 8000)
	w.play(deed{Do: "capture", ID: "b", Of: "a", Card: c.ProviderRef, Minor: 8000, Final: true})
	w.stands(c, 12000, 0)
	x := w.captures()
	for i, s := range []string{"submitted", "won", "won"} {
		out := w.about("issuing_dispute.updated", "evt_d"+string(rune('0'+i)), dispute("idp_1", x[0], s, 8000), nil)
		if out.Status != 200 {
			t.Errorf("%s: %d", s, out.Status)
		}
	}
	w.stands(c, 20000, 0)
}
