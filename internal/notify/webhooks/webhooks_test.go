package webhooks_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/webhooks"
)

// TestDelivery: a receiver that uses the Standard Webhooks library accepts each
// delivery, of what it asked for and of nothing from before.
func TestDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.happen("authorization.approved")
	r := newReceiver(t, says(204))
	e, secret := w.listen(r.URL+"/hook?x=1", "authorization.*", "agent.frozen")
	r.knows(secret)
	w.happen("authorization.denied", "agent.created", "agent.frozen", "approval.voted", "authorization.held")
	w.until("three messages", func() bool { return len(r.got()) == 3 })
	seen := map[string]bool{}
	for _, m := range r.got() {
		var p struct {
			Type      string
			Timestamp time.Time
			Data      struct {
				Type, ID, Actor, Subject string
				At                       time.Time
				Position                 *int64
				Data                     map[string]any
			}
		}
		if err := json.Unmarshal([]byte(m.body), &p); err != nil || m.bad != nil {
			t.Fatal(err, m.bad)
		}
		seen[p.Type] = true
		if p.Type != p.Data.Type || !p.Timestamp.Equal(p.Data.At) || p.Data.Position == nil || p.Data.Data["name"] != "<Bot> é" ||
			p.Data.Actor != w.by.String() || !strings.HasPrefix(m.id, "whd_") || !strings.HasPrefix(p.Data.ID, "evt_") {
			t.Errorf("%+v %s", p, m.body)
		}
	}
	if !seen["authorization.denied"] || !seen["agent.frozen"] || !seen["authorization.held"] {
		t.Errorf("%v", seen)
	}
	w.until("all are delivered", func() bool {
		all, err := w.Deliveries(t.Context(), w.live, e.ID, webhooks.Delivered, company.Page{Limit: 10})
		return err == nil && len(all) == 3
	})
}

// TestTenAttempts: a receiver that lies ten times is asked ten times, with the
// same id and the same bytes, and once more when somebody replays it.
func TestTenAttempts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var well atomic.Bool
	r := newReceiver(t, func(out http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			out.WriteHeader(500)
			_, _ = io.WriteString(out, "<b>broken</b>\x00\xff")
		}
	})
	e, secret := w.listen(r.URL, "agent.frozen")
	r.knows(secret)
	w.happen("agent.frozen")
	for i := 1; i <= webhooks.Attempts; i++ {
		w.until(fmt.Sprintf("attempt %d", i), func() bool { return w.only(e.ID).Attempts == i })
		d := w.only(e.ID)
		if i < webhooks.Attempts {
			wait, want := time.Until(*d.NextAt), webhooks.Schedule()[i-1]
			if wait > want*11/10+time.Second || wait < want-3*time.Second {
				t.Errorf("after attempt %d: %s, not %s", i, wait, want)
			}
			// The job has to be asleep before it is woken.
			w.until("asleep", func() bool {
				var n int
				err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM river.river_job WHERE state = 'running'").Scan(&n)
				return err == nil && n == 0
			})
			w.skip()
		}
	}
	d := w.only(e.ID)
	if d.Status != webhooks.Failed || d.NextAt != nil || len(d.History) != 10 || d.History[9].Status != 500 || d.History[3].Answer != "<b>broken</b>��" ||
		d.History[0].Trouble == "" {
		t.Errorf("%+v", d)
	}
	well.Store(true)
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.Replay(ctx, tx, w.live, d.ID)
		return err
	})
	w.until("the replay", func() bool { return w.only(e.ID).Status == webhooks.Delivered })
	got := r.got()
	for _, m := range got {
		if m.bad != nil || m.id != ident.Format(ident.Delivery, d.ID) || m.body != got[0].body {
			t.Errorf("%+v", m)
		}
	}
	if now := w.only(e.ID); len(got) != 11 || now.Attempts != 11 || now.History[10].Status != 200 {
		t.Errorf("%d messages, %+v", len(got), now)
	}
}

// TestReceivers: whatever a receiver does, its delivery is on record, and others
// are not kept waiting.
func TestReceivers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stop := make(chan struct{})
	elsewhere := newReceiver(t, says(200))
	away := newReceiver(t, says(200))
	endless := func(out http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(out, strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	}
	cases := map[string]struct {
		answer http.HandlerFunc
		status int
		want   webhooks.Status
		says   string
	}{
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}, 0, webhooks.Pending, "no answer"},
		"redirects": {func(out http.ResponseWriter, r *http.Request) { http.Redirect(out, r, elsewhere.URL, 307) }, 307, webhooks.Pending, "redirects"},
		"is gone":   {says(410), 410, webhooks.Failed, "disabled"},
		"is busy": {func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Retry-After", "7200")
			out.WriteHeader(503)
		}, 503, webhooks.Pending, "2xx"},
		"talks on": {endless, 200, webhooks.Delivered, ""},
		"hangs up": {func(out http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		}, 0, webhooks.Pending, "broke off"},
	}
	endpoints := map[string]webhooks.Endpoint{}
	for name, c := range cases {
		r := newReceiver(t, c.answer)
		endpoints[name], _ = w.listen(r.URL, "agent.frozen")
	}
	dead, _ := w.listen(away.URL, "agent.frozen")
	away.Close()
	t.Cleanup(func() { close(stop) })
	w.happen("agent.frozen")
	for name, c := range cases {
		e := endpoints[name]
		w.until(name, func() bool { return w.only(e.ID).Attempts == 1 })
		d := w.only(e.ID)
		h := d.History[0]
		if d.Status != c.want || h.Status != c.status || !strings.Contains(h.Trouble, c.says) || len(h.Answer) > 2<<10 {
			t.Errorf("%s: %s %+v", name, d.Status, h)
		}
	}
	w.until("the dead one", func() bool { return w.only(dead.ID).Attempts == 1 })
	if d := w.only(dead.ID); !strings.Contains(d.History[0].Trouble, "refused") {
		t.Errorf("%+v", d.History)
	}
	if wait := time.Until(*w.only(endpoints["is busy"].ID).NextAt); wait < 7100*time.Second {
		t.Errorf("Retry-After was not heard: %s", wait)
	}
	if len(elsewhere.got()) != 0 {
		t.Error("a redirect was followed")
	}
	gone, err := w.Endpoint(t.Context(), w.live, endpoints["is gone"].ID)
	if err != nil || gone.Enabled || gone.DisabledReason != webhooks.Gone {
		t.Errorf("%+v %v", gone, err)
	}
	var n int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit_events WHERE type = 'webhook.disabled' AND subject = $1",
		ident.Format(ident.Webhook, gone.ID)).Scan(&n); err != nil || n != 1 {
		t.Error(n, err)
	}
}

// TestOneHangingReceiverBlocksNobody: hundreds of deliveries that hang leave the
// others their way.
func TestOneHangingReceiverBlocksNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var most, now atomic.Int64
	r := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-r.Context().Done()
	})
	w.listen(r.URL, "agent.frozen")
	good := newReceiver(t, says(200))
	w.listen(good.URL, "agent.unfrozen")
	for range 300 {
		w.happen("agent.frozen")
	}
	w.until("it hangs", func() bool { return now.Load() > 0 })
	start := time.Now()
	w.happen("agent.unfrozen")
	w.until("the other one", func() bool { return len(good.got()) == 1 })
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("the other one waited for %s", took)
	}
	if most.Load() > 4 {
		t.Errorf("%d calls of one endpoint at once", most.Load())
	}
}

// TestRotation: both secrets sign for the grace, and then the new one alone.
func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, says(200))
	e, old := w.listen(r.URL, "agent.frozen")
	var next string
	w.must(func(ctx context.Context, tx pgx.Tx) (err error) {
		_, next, err = w.RotateSecret(ctx, tx, w.live, w.by, e.ID, webhooks.DefaultGrace)
		return err
	})
	for i, key := range []string{old, next} {
		r.knows(key)
		w.happen("agent.frozen")
		w.until("a message", func() bool { return len(r.got()) == i+1 })
		if m := r.got()[i]; m.bad != nil || strings.Count(m.header.Get("webhook-signature"), "v1,") != 2 {
			t.Errorf("%d: %v", i, m)
		}
	}
	if _, err := w.pool.Exec(t.Context(), "UPDATE webhook_endpoints SET old_until = clock_timestamp()"); err != nil {
		t.Fatal(err)
	}
	w.happen("agent.frozen")
	w.until("a message", func() bool { return len(r.got()) == 3 })
	if m := r.got()[2]; m.bad != nil || strings.Count(m.header.Get("webhook-signature"), "v1,") != 1 {
		t.Errorf("%v", m)
	}
	var sealed []byte
	if err := w.pool.QueryRow(t.Context(), "SELECT secret FROM webhook_endpoints").Scan(&sealed); err != nil || strings.Contains(string(sealed), next) {
		t.Error("the secret is not sealed", err)
	}
}

// TestHopeless: an endpoint that does nothing but fail is disabled, and says so;
// what is then left is canceled, and cannot be replayed until it is enabled.
func TestHopeless(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, says(400))
	e, _ := w.listen(r.URL, "agent.frozen")
	w.happen("agent.frozen")
	w.until("a failure", func() bool { return w.only(e.ID).Attempts == 1 })
	if now, err := w.Endpoint(t.Context(), w.live, e.ID); err != nil || !now.Enabled || now.FailingSince == nil {
		t.Fatalf("%+v %v", now, err)
	}
	if _, err := w.pool.Exec(t.Context(), "UPDATE webhook_endpoints SET failing_since = failing_since - interval '5 days'"); err != nil {
		t.Fatal(err)
	}
	d := w.only(e.ID)
	w.until("it is given up", func() bool {
		w.skip()
		now, err := w.Endpoint(t.Context(), w.live, e.ID)
		return err == nil && !now.Enabled && now.DisabledReason == webhooks.Failing
	})
	w.until("the rest is canceled", func() bool { w.skip(); return w.only(e.ID).Status == webhooks.Canceled })
	replay := func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.Replay(ctx, tx, w.live, d.ID)
		return err
	}
	if err := w.try(replay); !fault.Is(err, "webhook_disabled") {
		t.Error(err)
	}
	address, err := w.Check(t.Context(), r.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		now, err := w.Update(ctx, tx, w.live, w.by, e.ID, webhooks.Input{Address: address, Events: []string{"agent.frozen"}, Enabled: true})
		if now.FailingSince != nil || now.DisabledReason != "" {
			t.Errorf("%+v", now)
		}
		return err
	})
	w.must(replay)
	w.until("it is tried again", func() bool { return w.only(e.ID).Attempts > 2 })
}

// TestTenantsApart: an endpoint hears of its own company and mode, and a delivery
// exists for nobody else.
func TestTenantsApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, says(200))
	e, _ := w.listen(r.URL)
	test := ident.Tenant{Company: w.live.Company}
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		return audit.Append(ctx, tx, test, w.by, audit.Event{Type: "agent.frozen"})
	})
	w.happen("agent.unfrozen")
	w.until("its own", func() bool {
		return slices.ContainsFunc(r.got(), func(m message) bool { return strings.Contains(m.body, "agent.unfrozen") })
	})
	for _, m := range r.got() {
		if strings.Contains(m.body, "agent.frozen") {
			t.Error(m.body)
		}
	}
	if _, err := w.Endpoint(t.Context(), test, e.ID); !fault.Is(err, "not_found") {
		t.Error(err)
	}
	if _, err := w.Deliveries(t.Context(), test, e.ID, "", company.Page{Limit: 1}); !fault.Is(err, "not_found") {
		t.Error(err)
	}
}

// TestPrune deletes what is old, and nothing else.
func TestPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, says(200))
	e, _ := w.listen(r.URL, "agent.frozen")
	w.happen("agent.frozen", "agent.frozen")
	delivered := func() int {
		all, err := w.Deliveries(t.Context(), w.live, e.ID, webhooks.Delivered, company.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	w.until("two", func() bool { return delivered() == 2 })
	if _, err := w.pool.Exec(t.Context(), `UPDATE webhook_deliveries SET created_at = created_at - interval '31 days'
		WHERE delivery_id = (SELECT delivery_id FROM webhook_deliveries ORDER BY delivery_id LIMIT 1)`); err != nil {
		t.Fatal(err)
	}
	if err := w.Prune(t.Context()); err != nil || delivered() != 1 {
		t.Error(delivered(), err)
	}
}

// TestWhatBecamePrivateIsNotCalled: an address that was public when it was saved
// is looked at again when it is dialled.
func TestWhatBecamePrivateIsNotCalled(t *testing.T) {
	t.Parallel()
	w := newWorldThat(t, false)
	r := newReceiver(t, says(200))
	if _, err := w.Check(t.Context(), r.URL); !fault.Is(err, "https_required") && !fault.Is(err, "address_not_public") {
		t.Error(err)
	}
	e, _ := w.listen("https://example.com/", "agent.frozen")
	if _, err := w.pool.Exec(t.Context(), "UPDATE webhook_endpoints SET url = $1", r.URL); err != nil {
		t.Fatal(err)
	}
	w.happen("agent.frozen")
	w.until("an attempt", func() bool { return w.only(e.ID).Attempts == 1 })
	if d := w.only(e.ID); d.Status != webhooks.Pending || d.History[0].Status != 0 || !strings.Contains(d.History[0].Trouble, "not on the Internet") || len(r.got()) != 0 {
		t.Errorf("%+v", d)
	}
}
