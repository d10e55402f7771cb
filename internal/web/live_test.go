package web

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// listen opens the stream and gives the names of what comes; the channel is
// closed when the stream ends.
func (b *browser) listen(path string) (<-chan string, context.CancelFunc) {
	b.w.t.Helper()
	ctx, stop := context.WithCancel(b.w.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.w.URL+path, nil)
	b.w.must(err)
	req.Host = worldHost
	req.Header.Set("Accept", "text/event-stream")
	resp, err := b.client.Do(req)
	b.w.must(err)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		b.w.t.Fatalf("%s: %d %v", path, resp.StatusCode, resp.Header)
	}
	heard := make(chan string, 100)
	go func() {
		defer close(heard)
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				heard <- name
			}
		}
	}()
	b.w.t.Cleanup(stop)
	return heard, stop
}

// patience is how long a busy machine may take.
const patience = 20 * time.Second

// hears waits for a name; false where the stream ended first.
func hears(t *testing.T, heard <-chan string, name string) bool {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case got, open := <-heard:
			if got == name || !open {
				return open
			}
		case <-limit:
			t.Fatalf("no %s was heard", name)
		}
	}
}

// ends waits until the stream ends.
func ends(t *testing.T, heard <-chan string) {
	t.Helper()
	if hears(t, heard, "the end") {
		t.Error("it goes on")
	}
}

func TestLiveTellsWhatChanged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	page := o.viewer.get("/overview")
	address := attribute(page.find("body"), "sse-connect")
	o.hold("240.00", "AWS") // before anybody listens, and after the page was made
	heard, _ := o.viewer.listen(address)
	elsewhere, _ := o.viewer.listen("/test/live")
	for _, name := range []string{"approvals", "authorizations"} {
		if !hears(t, heard, name) {
			t.Errorf("%s was not heard", name)
		}
	}
	o.liveAdmin.do("POST", "/v1/agents/"+o.agent+"/freeze", nil)
	if !hears(t, heard, "agents") {
		t.Error("the stream ended")
	}
	select {
	case name := <-elsewhere:
		t.Errorf("test mode hears %q of live mode", name)
	default:
	}
}

func TestLiveEndsWithTheSession(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	out, _ := o.approver.listen("/live")
	member := first(o.session(o.owner, true).do("GET", "/v1/members", nil)) // the newest: the viewer
	moved, _ := o.viewer.listen("/live")
	o.approver.post("/sign-out").want(http.StatusSeeOther)
	o.session(o.owner, true).do("PATCH", "/v1/members/"+member, object("role", "approver"))
	o.hold("240.00", "AWS")
	ends(t, out)
	ends(t, moved)
	if a := o.approver.get("/live", "Accept", "text/event-stream"); a.status != http.StatusUnauthorized {
		t.Errorf("without a session it answers %d", a.status)
	}
}

func TestLiveAfterALongBreak(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if heard, _ := o.owner.listen("/live?after=999999"); len(heard) > 0 {
		t.Error("a position that is not there yet")
	}
	heard, _ := o.owner.listen("/live?after=-1")
	for _, name := range []string{"company", "agents", "policies"} {
		if !hears(t, heard, name) {
			t.Errorf("%s was not heard", name)
		}
		heard, _ = o.owner.listen("/live?after=-1")
	}
}
