package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// heard is one event of a stream.
type heard struct{ id, kind, data string }

// listener reads a stream of events.
type listener struct {
	t      testing.TB
	events chan heard
	stop   context.CancelFunc
}

// listen opens a stream, and waits until it has begun.
func (c client) listen(query string) *listener {
	c.w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	c.w.t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.w.URL+"/v1/events"+query, http.NoBody)
	if err != nil {
		c.w.t.Fatal(err)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	resp, err := c.w.Client().Do(r)
	if err != nil {
		c.w.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		c.w.t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	l := &listener{t: c.w.t, events: make(chan heard, 1000), stop: stop}
	go func() {
		defer close(l.events)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		var now heard
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				now.id = value
			case "event":
				now.kind = value
			case "data":
				now.data = value
			case "":
				if now.data != "" {
					l.events <- now
				}
				now = heard{}
			}
		}
	}()
	return l
}

// next is the next event; false when the stream has ended.
func (l *listener) next() (heard, bool) {
	l.t.Helper()
	select {
	case e, open := <-l.events:
		return e, open
	case <-time.After(20 * time.Second):
		l.t.Fatal("nothing was heard")
		return heard{}, false
	}
}

func (l *listener) want(kind string) heard {
	l.t.Helper()
	e, open := l.next()
	var data struct {
		Type     string
		Position json.Number
	}
	if err := json.Unmarshal([]byte(e.data), &data); !open || err != nil || e.kind != kind || data.Type != kind || data.Position.String() != e.id {
		l.t.Fatalf("%+v (open: %v), wanted %s", e, open, kind)
	}
	return e
}

// newTold is a world that tells of its events, in streams that last.
func newTold(t *testing.T) (*world, *firm) {
	w := newWorld(t)
	w.api.streamLife = time.Hour
	w.run(w.api.audit.Run)
	w.run(w.api.feed.Run)
	return w, w.newFirm("a@example.com")
}

func TestEventsAreHeard(t *testing.T) {
	t.Parallel()
	_, f := newTold(t)
	f.agent("before")
	all, some := f.read.listen(""), f.read.listen("?types=agent.frozen,policy.*")
	f.agent("bot")
	first := all.want("agent.created")
	all.stop()
	f.admin.want(200, "", "POST", "/v1/agents/bot/freeze", nil)
	some.want("agent.frozen")
	// Whoever comes again hears what it missed, and nothing twice.
	back := f.read.with("Last-Event-ID", first.id).listen("")
	back.want("agent.frozen")
	f.admin.want(200, "", "POST", "/v1/agents/bot/unfreeze", nil)
	back.want("agent.unfrozen")
	start := f.read.with("Last-Event-ID", "-1").listen("?types=agent.*")
	for _, kind := range []string{"agent.created", "agent.created", "agent.frozen", "agent.unfrozen"} {
		start.want(kind)
	}
	listed := f.read.want(200, "", "GET", "/v1/audit?limit=1", nil)
	f.admin.want(200, "", "POST", "/v1/agents/bot/freeze", nil)
	if e := back.want("agent.frozen"); !strings.Contains(e.data, `"subject":"`+listed.text("data", 0, "subject")) {
		t.Errorf("%s", e.data)
	}
	f.read.want(422, "invalid_type", "GET", "/v1/events?types=*.x", nil)
	for _, id := range []string{"x", "-2", "1.5"} {
		f.read.with("Last-Event-ID", id).want(422, "invalid_value", "GET", "/v1/events", nil)
	}
	f.settle.want(403, "scope_missing", "GET", "/v1/events", nil)
	f.spend.want(403, "scope_missing", "GET", "/v1/events", nil)
}

// TestAnAgentHearsItsOwn: a key of one agent hears of that agent alone, and
// X-Agent-Id narrows anybody's stream.
func TestAnAgentHearsItsOwn(t *testing.T) {
	t.Parallel()
	_, f := newTold(t)
	f.agent("bot")
	f.agent("other")
	own := f.with("X-API-Key", f.owner.want(201, "", "POST", "/v1/agents/bot/credentials", map[string]any{"name": "own"}).text("key"))
	bound, narrowed := own.listen(""), f.read.with("X-Agent-Id", "bot").listen("")
	f.admin.want(200, "", "POST", "/v1/agents/other/freeze", nil)
	f.admin.want(200, "", "POST", "/v1/agents/bot/freeze", nil)
	for _, l := range []*listener{bound, narrowed} {
		l.want("agent.frozen")
	}
	f.admin.want(200, "", "POST", "/v1/agents/other/unfreeze", nil)
	f.admin.want(200, "", "POST", "/v1/agents/bot/unfreeze", nil)
	bound.want("agent.unfrozen")
}

// TestAStreamEndsWithItsKey: who has no right any more hears nothing more.
func TestAStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	_, f := newTold(t)
	made := f.owner.want(201, "", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "test", "scopes": []string{"read"}})
	l := f.with("X-API-Key", made.text("key")).listen("?types=agent.*")
	f.agent("one")
	l.want("agent.created")
	f.owner.want(200, "", "DELETE", "/v1/api-keys/"+made.text("id"), nil)
	f.agent("two")
	if e, open := l.next(); open {
		t.Errorf("heard %+v", e)
	}
}

// TestStreamsAreCounted: a company may have so many, and another its own; one
// that ends makes room.
func TestStreamsAreCounted(t *testing.T) {
	t.Parallel()
	w, f := newTold(t)
	other := w.newFirm("b@example.com")
	var open []*listener
	for range maxStreams {
		open = append(open, f.read.listen(""))
	}
	if a := f.read.want(429, "too_many_streams", "GET", "/v1/events", nil); a.header.Get("Retry-After") == "" {
		t.Error("when to come again is not said")
	}
	other.read.listen("")
	open[0].stop()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		w.api.streams.mu.Lock()
		n := fmt.Sprint(w.api.streams.open)
		w.api.streams.mu.Unlock()
		if strings.Contains(n, fmt.Sprint(maxStreams-1)) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a stream that ended still counts: " + n)
		}
	}
	f.read.listen("")
}

// TestHeadOfEvents has no stream behind it.
func TestHeadOfEvents(t *testing.T) {
	t.Parallel()
	_, f := newTold(t)
	if a := f.read.do(http.MethodHead, "/v1/events", nil); a.status != 200 || len(a.body) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
