package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestWebhooksAtTheTerminal makes a webhook, hears of an event and of a test,
// and looks at what was delivered, by the command line alone.
func TestWebhooksAtTheTerminal(t *testing.T) {
	t.Parallel()
	d := owner(t, "webhooks@example.com")
	type message struct {
		header http.Header
		body   []byte
	}
	got := make(chan message, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a broken one is not accepted below
		got <- message{r.Header, body}
	}))
	t.Cleanup(receiver.Close)
	made := d.read(exitDone, "webhooks", "create", receiver.URL, "--events=agent.*", "--description=ours")
	id, _ := made["id"].(string)
	verifier, err := standardwebhooks.NewWebhook(made["secret"].(string))
	if err != nil {
		t.Fatal(err)
	}
	next := func() (kind string) {
		t.Helper()
		select {
		case m := <-got:
			var p struct{ Type string }
			if err := json.Unmarshal(m.body, &p); err != nil || verifier.Verify(m.body, m.header) != nil {
				t.Errorf("%s: %v %v", m.body, err, verifier.Verify(m.body, m.header))
			}
			return p.Type
		case <-time.After(30 * time.Second):
			t.Fatal("no message came")
			return ""
		}
	}
	d.must(exitDone, "agents", "create", "buyer", "Buyer")
	if kind := next(); kind != "agent.created" {
		t.Error(kind)
	}
	test := d.read(exitDone, "webhooks", "test", id)
	if kind := next(); kind != "webhook.test" {
		t.Error(kind)
	}
	d.must(exitDone, "webhooks", "deliveries", "replay", test["id"].(string))
	if kind := next(); kind != "webhook.test" {
		t.Error(kind)
	}
	if out := d.must(exitDone, "webhooks", "deliveries", "list", id); !strings.Contains(out, "agent.created") || !strings.Contains(out, "webhook.test") {
		t.Errorf("%s", out)
	}
	d.must(exitDone, "webhooks", "deliveries", "get", test["id"].(string))
	if rotated := d.read(exitDone, "webhooks", "rotate-secret", id); rotated["secret"] == made["secret"] || rotated["secret"] == "" {
		t.Errorf("%v", rotated)
	}
	d.must(exitRefused, "webhooks", "replace", id, "http://10.0.0.1/")
	if off := d.read(exitDone, "webhooks", "replace", id, receiver.URL, "--disabled"); off["enabled"] != false {
		t.Errorf("%v", off)
	}
	d.must(exitConflict, "webhooks", "test", id)
	d.must(exitDone, "webhooks", "delete", id)
	d.must(exitConflict, "webhooks", "get", id)
	out := d.must(exitDone, "events", "--types=agent.*,webhook.*", "--after=-1", "--count=5")
	if strings.Count(out, "\n") != 5 || !strings.Contains(out, "agent.created") || !strings.Contains(out, "webhook.deleted") {
		t.Errorf("%s", out)
	}
}
