package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// received is what the server under test sent to a receiver.
type received struct {
	header http.Header
	body   []byte
}

// with sends a request with a key.
func with(t *testing.T, key, method, address, body string) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %v %v", method, address, resp.StatusCode, out, err)
	}
	return out
}

// TestKilledMidDelivery kills the server while a receiver has a message and has
// not answered: the next server sends the same message with the same id.
func TestKilledMidDelivery(t *testing.T) {
	t.Parallel()
	got, hang := make(chan received, 10), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a broken one is not accepted below
		got <- received{r.Header, body}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(receiver.Close)
	p := newProcess(t, "WEBHOOK_ALLOW_LOOPBACK=true")
	p.start()
	key := newGenerated(t, p.url(), "", "").found(p.url())
	made := with(t, key, "POST", p.url()+"/v1/webhooks", fmt.Sprintf(`{"url":%q,"events":["agent.created"]}`, receiver.URL))
	with(t, key, "POST", p.url()+"/v1/agents", `{"handle":"bot","name":"Bot"}`)
	first := arrives(t, got, made["secret"].(string))
	p.kill()
	close(hang)
	p.start()
	_, owner := p.databases()
	// The lost attempt is given up at once, and not after a minute.
	execute(t, owner, "UPDATE river.river_job SET attempted_at = attempted_at - interval '5 minutes'",
		"UPDATE webhook_deliveries SET next_at = clock_timestamp()")
	second := arrives(t, got, made["secret"].(string))
	if first.header.Get("Webhook-Id") != second.header.Get("Webhook-Id") || string(first.body) != string(second.body) {
		t.Errorf("first %s %s, then %s %s", first.header.Get("Webhook-Id"), first.body, second.header.Get("Webhook-Id"), second.body)
	}
	address := p.url() + "/v1/webhook-deliveries/" + first.header.Get("Webhook-Id")
	for end := time.Now().Add(20 * time.Second); with(t, key, "GET", address, "")["status"] != "delivered"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is not on record")
		}
	}
	if len(got) != 0 {
		t.Error("it came a third time")
	}
}

// arrives takes the next message, which has to be signed.
func arrives(t *testing.T, got <-chan received, secret string) received {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-got:
		if err := verifier.Verify(m.body, m.header); err != nil {
			t.Errorf("%s: %v", m.body, err)
		}
		return m
	case <-time.After(2 * time.Minute):
		t.Fatal("no message came")
		return received{}
	}
}
