package stripe_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"time"
)

// deed is what a test has the network do.
type deed struct {
	Do, ID, Of, Card string
	Minor            int64
	Final            bool
	Merchant         object
	WrongCVV         bool
	WrongExpiry      bool
	// Silent sends no event; Drop forgets the answer, as if it had come too late;
	// Own has Stripe decline by itself.
	Silent, Drop, Own bool
	// Unlinked leaves out what a transaction belongs to.
	Unlinked bool
}

// done is what came of it.
type done struct {
	Refused  string // why Stripe would not do it
	Approved bool
	Code     string
	Status   int // of the webhook's answer; the last one's
	Ref      string
	Events   []string
}

// do plays one deed. The same ID again only sends its events again.
func (s *stand) do(w http.ResponseWriter, r *http.Request) {
	var d deed
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		refuse(w, 400, err.Error())
		return
	}
	s.mu.Lock()
	again := s.sent[d.ID]
	s.mu.Unlock()
	out := done{}
	switch {
	case again != nil:
		for _, e := range again {
			out.take(s.post(e.Body, time.Now(), s.secret))
			out.Events = append(out.Events, e.ID)
		}
	case d.Do == "swipe":
		out = s.swipe(d)
	default:
		out = s.move(d)
	}
	reply(w, 200, out)
}

func (o *done) take(status int, body []byte) {
	o.Status = status
	var answer struct {
		Approved *bool
		Metadata map[string]string
	}
	if json.Unmarshal(body, &answer) == nil && answer.Approved != nil {
		o.Approved, o.Code = *answer.Approved, answer.Metadata["purser_code"]
	}
}

// event sends one, and keeps it under the name of the deed.
func (s *stand) event(d deed, out *done, kind string, about, previous object) {
	s.mu.Lock()
	data := object{"object": about}
	if previous != nil {
		data["previous_attributes"] = previous
	}
	body, _ := json.Marshal(object{"id": s.id("evt"), "object": "event", "api_version": "2026-03-25.dahlia", "created": time.Now().Unix(),
		"livemode": false, "pending_webhooks": 1, "type": kind, "data": data, "request": object{"id": nil, "idempotency_key": nil}})
	var head struct{ ID string }
	_ = json.Unmarshal(body, &head)
	s.sent[d.ID] = append(s.sent[d.ID], signed{head.ID, body})
	secret := s.secret
	s.mu.Unlock()
	out.Events = append(out.Events, head.ID)
	if d.Silent {
		return
	}
	out.take(s.post(body, time.Now(), secret))
}

// post delivers an event, waiting as long as Stripe does.
func (s *stand) post(body []byte, at time.Time, secret string) (int, []byte) {
	r, err := http.NewRequest(http.MethodPost, s.hook, bytes.NewReader(body))
	if err != nil {
		return 0, nil
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", signature(secret, at, body))
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, text
}

func (s *stand) swipe(d deed) (out done) {
	s.mu.Lock()
	check := func(wrong bool) string {
		if wrong {
			return "mismatch"
		}
		return "match"
	}
	a := object{"id": s.id("iauth"), "object": "issuing.authorization", "amount": 0, "approved": false, "authorization_method": "online",
		"card": plain(s.cards[d.Card]), "created": time.Now().Unix(), "currency": "eur", "livemode": false, "merchant_amount": 0, "merchant_currency": "eur",
		"merchant_data": d.Merchant, "metadata": object{}, "status": "pending", "transactions": []any{}, "request_history": []any{}, "wallet": nil,
		"verification_data": object{"cvc_check": check(d.WrongCVV), "expiry_check": check(d.WrongExpiry), "address_line1_check": "not_provided"},
		"pending_request":   object{"amount": d.Minor, "currency": "eur", "is_amount_controllable": false, "merchant_amount": d.Minor, "merchant_currency": "eur"}}
	s.auths[d.ID] = a
	out.Ref = a["id"].(string)
	s.mu.Unlock()
	reason := "spending_controls"
	if !d.Own {
		s.event(d, &out, "issuing_authorization.request", maps.Clone(a), nil)
		reason = "webhook_declined"
	}
	if out.Approved {
		reason = "webhook_approved"
	}
	code := out.Code
	approved := out.Approved && out.Status == 200 && !d.Drop
	if d.Drop {
		reason = "webhook_timeout"
	}
	s.mu.Lock()
	a["approved"], a["pending_request"] = approved, nil
	a["request_history"] = []any{object{"amount": d.Minor, "approved": approved, "created": time.Now().Unix(), "currency": "eur", "reason": reason}}
	if approved {
		a["amount"], a["merchant_amount"] = d.Minor, d.Minor
	} else {
		a["status"] = "closed"
	}
	s.mu.Unlock()
	s.event(d, &out, "issuing_authorization.created", maps.Clone(a), nil)
	out.Approved, out.Code = approved, code
	return out
}

// taken is what was captured and not given back of an authorization.
func (s *stand) taken(ref string) (minor int64) {
	for _, x := range s.moves {
		if x["authorization"] == ref {
			minor -= x["amount"].(int64)
		}
	}
	return minor
}

func amountOf(a object) int64 {
	switch v := a["amount"].(type) {
	case int64:
		return v
	case int:
		return int64(v)
	}
	return 0
}

// transaction makes one and tells of it.
func (s *stand) transaction(d deed, out *done, a object, kind string, minor int64) {
	s.mu.Lock()
	x := object{"id": s.id("ipi"), "object": "issuing.transaction", "amount": minor, "currency": "eur", "type": kind, "created": time.Now().Unix(),
		"merchant_amount": minor, "merchant_currency": "eur", "livemode": false, "metadata": object{}, "dispute": nil, "authorization": nil}
	x["card"], x["merchant_data"] = d.Card, d.Merchant
	if a != nil {
		x["merchant_data"] = a["merchant_data"]
	}
	if a != nil && a["id"] != nil && !d.Unlinked {
		x["authorization"] = a["id"]
	}
	s.moves = append(s.moves, x)
	s.mu.Unlock()
	s.event(d, out, "issuing_transaction.created", x, nil)
}

// update tells that an authorization is now otherwise.
func (s *stand) update(d deed, out *done, a, previous object, change object) {
	s.mu.Lock()
	maps.Copy(a, change)
	now := maps.Clone(a)
	var moves []any
	for _, x := range s.moves {
		if x["authorization"] == a["id"] {
			moves = append(moves, x)
		}
	}
	now["transactions"] = moves
	s.mu.Unlock()
	s.event(d, out, "issuing_authorization.updated", now, previous)
}

func (s *stand) move(d deed) (out done) {
	s.mu.Lock()
	a := s.auths[d.Of]
	var held, taken int64
	if a != nil {
		ref, linked := a["id"].(string)
		d.Unlinked = d.Unlinked || !linked
		taken = s.taken(ref)
		held = max(0, amountOf(a)-taken)
	}
	s.mu.Unlock()
	no := func(why string) done { return done{Refused: why} }
	open := a != nil && a["approved"] == true && a["status"] == "pending"
	switch d.Do {
	case "capture":
		late := a != nil && a["approved"] == true && a["status"] != "reversed"
		if !late || d.Minor == 0 && held == 0 {
			return no("not open")
		}
		if d.Minor == 0 {
			d.Minor = held
		}
		s.transaction(d, &out, a, "capture", -d.Minor)
		if open && (d.Final || d.Minor >= held) {
			s.update(d, &out, a, object{"status": "pending", "transactions": []any{}}, object{"status": "closed"})
		}
	case "reverse":
		switch {
		case !open || d.Minor > held || held == 0:
			return no("not open")
		case d.Minor == 0 || d.Minor == held:
			s.update(d, &out, a, object{"status": "pending", "amount": amountOf(a)}, object{"status": "reversed", "amount": int64(0)})
		default:
			s.update(d, &out, a, object{"amount": amountOf(a)}, object{"amount": amountOf(a) - d.Minor})
		}
	case "expire":
		if !open {
			return no("not open")
		}
		s.update(d, &out, a, object{"status": "pending", "amount": amountOf(a)}, object{"status": "expired", "amount": int64(0)})
	case "refund":
		if d.Minor == 0 {
			d.Minor = taken
		}
		if !d.Unlinked && (d.Minor > taken || taken == 0) {
			return no("above what was captured")
		}
		s.transaction(d, &out, a, "refund", d.Minor)
	case "force":
		s.mu.Lock()
		s.auths[d.ID] = object{"id": nil, "merchant_data": d.Merchant}
		s.mu.Unlock()
		s.transaction(d, &out, s.auths[d.ID], "capture", -d.Minor)
	default:
		return s.dispute(d, a, taken)
	}
	return out
}

func (s *stand) dispute(d deed, a object, taken int64) (out done) {
	have := s.disputes[d.Of]
	if d.Do == "dispute" {
		if d.Minor == 0 {
			d.Minor = taken
		}
		if have != nil && have["status"] == "submitted" || taken == 0 || d.Minor > taken {
			return done{Refused: "not disputable"}
		}
		var of string
		for _, x := range s.moves {
			if x["authorization"] == a["id"] && x["type"] == "capture" {
				of = x["id"].(string)
			}
		}
		s.mu.Lock()
		have = object{"id": s.id("idp"), "object": "issuing.dispute", "amount": d.Minor, "currency": "eur", "status": "unsubmitted", "transaction": of,
			"created": time.Now().Unix(), "livemode": false, "metadata": object{}}
		s.disputes[d.Of] = have
		s.mu.Unlock()
		s.event(d, &out, "issuing_dispute.created", maps.Clone(have), nil)
		have["status"] = "submitted"
		s.event(d, &out, "issuing_dispute.submitted", maps.Clone(have), nil)
		return out
	}
	if have == nil || have["status"] != "submitted" {
		return done{Refused: "not open"}
	}
	have["status"] = map[string]string{"dispute_won": "won", "dispute_lost": "lost"}[d.Do]
	if d.Do == "dispute_won" {
		s.moves = append(s.moves, object{"id": nil, "authorization": a["id"], "amount": have["amount"], "type": "credit"})
	}
	s.event(d, &out, "issuing_dispute.closed", maps.Clone(have), nil)
	return out
}

// send delivers kept or made-up events: {"of","index","age","secret","body"}.
func (s *stand) send(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Of     string
		Index  int
		Age    int
		Secret string
		Body   string
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	s.mu.Lock()
	body, secret := []byte(in.Body), s.secret
	if in.Body == "" {
		body = s.sent[in.Of][in.Index].Body
	}
	if in.Secret != "" {
		secret = in.Secret
	}
	s.mu.Unlock()
	var out done
	status, text := s.post(body, time.Now().Add(-time.Duration(in.Age)*time.Second), secret)
	out.take(status, text)
	reply(w, 200, object{"Status": out.Status, "Approved": out.Approved, "Code": out.Code, "Body": string(text)})
}
