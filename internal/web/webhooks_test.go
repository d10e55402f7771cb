package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestAWebhookFromItsPages makes one, tests it, looks at what came of it, has it
// delivered again, rotates the secret, changes it and deletes it.
func TestAWebhookFromItsPages(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.run(func(ctx context.Context) { _ = f.queue.Run(ctx) })
	var broken atomic.Bool
	broken.Store(true)
	signatures := make(chan error, 10)
	var secret atomic.Value
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if key, ok := secret.Load().(string); ok && err == nil {
			verifier, _ := standardwebhooks.NewWebhook(key)
			err = verifier.Verify(body, r.Header)
		}
		signatures <- err
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `<script>alert("hostile")</script>`)
		}
	}))
	t.Cleanup(receiver.Close)
	empty := f.owner.open("/settings/webhooks").want(http.StatusOK)
	if !strings.Contains(empty.body, "No webhook yet") {
		t.Error(brief(empty))
	}
	form := f.owner.open("/settings/webhooks/new").want(http.StatusOK)
	made := form.submit("form[action$='/settings/webhooks']", "url", receiver.URL+"/hook", "description", "Books", "families", "policy.*", "events", "agent.frozen").want(http.StatusOK)
	secret.Store(made.text("#secret"))
	if !strings.HasPrefix(made.text("#secret"), "whsec_") {
		t.Fatal(brief(made))
	}
	list := f.owner.open("/settings/webhooks")
	address := attribute(list.find("main li a"), "href")
	if strings.Contains(list.body, made.text("#secret")) || !strings.Contains(list.text("main li"), "policy.*, agent.frozen") {
		t.Error(brief(list))
	}
	f.owner.open(address).submit("form[action$='/test']").want(http.StatusSeeOther)
	if err := <-signatures; err != nil {
		t.Error(err)
	}
	delivery := attribute(f.owner.open(address).find("ul[aria-label=Deliveries] a"), "href")
	page := f.owner.open(delivery)
	for end := time.Now().Add(20 * time.Second); !page.has("ol li") && time.Now().Before(end); page = f.owner.open(delivery) {
		time.Sleep(50 * time.Millisecond)
	}
	if !strings.Contains(page.text("ol li"), "500") || page.has("ol script") || !strings.Contains(page.text("ol pre"), "hostile") || !strings.Contains(page.text("#delivery-body"), "webhook.test") {
		t.Error(brief(page))
	}
	broken.Store(false)
	page.submit("form[action$='/replay']").want(http.StatusSeeOther)
	if err := <-signatures; err != nil {
		t.Error(err)
	}
	rotated := f.owner.open(address).submit("form[action$='/rotate-secret']", "grace_seconds", "3600").want(http.StatusOK)
	if next := rotated.text("#secret"); next == made.text("#secret") || !strings.HasPrefix(next, "whsec_") {
		t.Error(brief(rotated))
	}
	f.owner.post(address+"/rotate-secret", "grace_seconds", "99999999").want(http.StatusUnprocessableEntity)
	f.owner.post(address, "url", receiver.URL, "description", "").want(http.StatusSeeOther) // without enabled
	off := f.owner.open(address)
	if off.has("form[action$='/test']") || !strings.Contains(off.text("dl"), "disabled") {
		t.Error(brief(off))
	}
	if a := f.owner.post(address + "/test").want(http.StatusUnprocessableEntity); !strings.Contains(a.text("[role=alert]"), "disabled") {
		t.Error(brief(a))
	}
	if a := f.owner.post(delivery + "/replay").want(http.StatusUnprocessableEntity); !strings.Contains(a.text("[role=alert]"), "disabled") {
		t.Error(brief(a))
	}
	f.owner.open(address).submit("form[action$='/delete']").want(http.StatusSeeOther)
	f.owner.get(address).want(http.StatusNotFound)
	f.owner.get(delivery).want(http.StatusNotFound)
}

// TestAFormOfAWebhookComesBack has each mistake beside its field, with what was
// typed.
func TestAFormOfAWebhookComesBack(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for at, pairs := range map[string][]string{
		"#field-url-error":         {"url", "https://10.1.2.3/", "description", "kept", "families", "agent.*"},
		"#field-description-error": {"url", "http://127.0.0.1:1/", "description", strings.Repeat("x", 201), "families", "agent.*"},
		"#field-events-error":      {"url", "http://127.0.0.1:1/", "description", "kept", "families", "agent.*", "events", "nonsense"},
	} {
		a := f.owner.post("/settings/webhooks", pairs...).want(http.StatusUnprocessableEntity)
		if a.text(at) == "" || attribute(a.find("#field-description"), "value") != pairs[3] || !a.has("input[value='agent.*'][checked]") {
			t.Errorf("%v: %s", pairs, brief(a))
		}
	}
}
