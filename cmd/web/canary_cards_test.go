package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// cardTraces is what was said of a card where it may be said, and what of it may
// be said nowhere.
type cardTraces struct {
	last4   string
	secrets map[string]string
	pages   map[string]string
	events  *lockedBuffer
	hooks   *lockedBuffer
}

// told is everything that was answered and sent after the card was made.
func (c cardTraces) told() map[string]string {
	out := map[string]string{"the stream of events": c.events.String(), "what a webhook got": c.hooks.String()}
	for where, text := range c.pages {
		out[where] = text
	}
	return out
}

// spendByCard makes a card and uses it at both doors of the network, rightly and
// wrongly, while a webhook and a stream listen.
func (w *watched) spendByCard(session caller) cardTraces {
	w.t.Helper()
	out := cardTraces{pages: map[string]string{}, events: &lockedBuffer{}, hooks: &lockedBuffer{}}
	made, err := session.try("POST", "/v1/api-keys", `{"name":"k","mode":"test","scopes":["admin"]}`, "X-Mode", "test")
	if err != nil || made.status != 201 {
		w.t.Fatal(err, string(made.body))
	}
	key := session
	key.header = [2]string{"X-API-Key", made.field(w.t, "key")}
	w.listen(key, out)
	key.must("POST", "/v1/agents", `{"handle":"cardholder","name":"Bot"}`)
	key.must("POST", "/v1/policies", `{"name":"p","rules":[{"type":"limit","period":"month","amount":100,"currency":"eur"}]}`)
	body := `{"amount":50,"currency":"eur","agent":"cardholder"}`
	first, err := key.try("POST", "/v1/cards", body, "Idempotency-Key", "card")
	if err != nil {
		w.t.Fatal(err)
	}
	again, err := key.try("POST", "/v1/cards", body, "Idempotency-Key", "card")
	if err != nil || again.status != 201 {
		w.t.Fatal(err, string(again.body))
	}
	out.pages["a replay"] = string(again.body)
	var card map[string]any
	if err := json.Unmarshal(first.body, &card); err != nil {
		w.t.Fatal(err)
	}
	pan, path, network := card["pan"].(string), fmt.Sprint("/v1/cards/", card["id"]), fmt.Sprint("/v1/sandbox/cards/", card["id"], "/authorize")
	out.last4 = card["last4"].(string)
	// Three digits are everywhere: the code is looked for the way it would be written.
	cvv := card["cvv"].(string)
	out.secrets = map[string]string{"a card's number": pan, "a card's number in groups": pan[:4] + " " + pan[4:8], "the middle of a card's number": pan[4:12], "a card's code": `cvv":"` + cvv,
		"a card's code as text": "cvv=" + cvv}
	key.must("POST", path+"/reveal", `{"reason":"canary"}`)
	swipe := fmt.Sprintf(`{"amount":5,"merchant":{"name":"AWS"},"cvv":%q,"exp_month":%v,"exp_year":%v}`, cvv, card["exp_month"], card["exp_year"])
	swiped := key.must("POST", network, swipe)
	for _, wrong := range []string{strings.Replace(swipe, "5", `"`+pan+`"`, 1), strings.Replace(swipe, `"AWS"`, pan, 1), `{"` + pan, `{"pan":"` + pan + `"}`} {
		if _, err := key.try("POST", network, wrong); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := key.try("GET", "/v1/cards/"+pan, ""); err != nil {
		w.t.Fatal(err)
	}
	w.acquire(card)
	out.pages["the answer to a swipe"] = string(swiped.body) + out.last4
	out.pages["a card"] = string(key.must("GET", path, "").body)
	out.pages["the list of cards"] = string(key.must("GET", "/v1/cards", "").body)
	out.pages["the audit log of test mode"] = string(key.must("GET", "/v1/audit?format=json", "").body)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if strings.Contains(out.hooks.String(), "card.revealed") && strings.Contains(out.events.String(), "card.revealed") {
			break
		}
	}
	return out
}

// listen has a webhook and a stream hear of what happens.
func (w *watched) listen(key caller, to cardTraces) {
	w.t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := bufio.NewScanner(r.Body)
		for body.Scan() {
			fmt.Fprintln(to.hooks, body.Text())
		}
	}))
	w.t.Cleanup(receiver.Close)
	key.must("POST", "/v1/webhooks", fmt.Sprintf(`{"url":%q}`, receiver.URL))
	ctx, stop := context.WithCancel(context.Background())
	w.t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/v1/events", http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set(key.header[0], key.header[1])
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer response.Body.Close()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			fmt.Fprintln(to.events, lines.Text())
		}
	}()
}

// acquire uses the card over ISO 8583, rightly and wrongly.
func (w *watched) acquire(card map[string]any) {
	w.t.Helper()
	p := newPeer(w.t, "-addr", w.network, "-timeout", "10s")
	sale := map[string]any{"do": "authorize", "pan": card["pan"], "cvv": card["cvv"], "currency": "eur", "amount": 500, "merchant": "AWS", "mcc": "7372", "country": "US",
		"expiry": fmt.Sprintf("%02.0f%02.0f", card["exp_year"].(float64)-2000, card["exp_month"])}
	if got := p.do(sale); got.Code != "00" {
		w.t.Errorf("%+v", got)
	}
	for field, value := range map[string]any{"expiry": "9999", "merchant": "", "currency": "xxx", "amount": 10_000_000} {
		wrong := map[string]any{}
		for k, v := range sale {
			wrong[k] = v
		}
		wrong[field] = value
		if got := p.do(wrong); got.Code == "00" {
			w.t.Errorf("%v was approved", wrong)
		}
	}
}
