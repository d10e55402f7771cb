package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/fault"
)

func (w *Web) livePages() []page {
	return []page{{http.MethodGet, livePath, member, access.ScopeRead, (*visit).live}}
}

const livePath = "/live"

const (
	// livePause is between two hints: what happens meanwhile is told together.
	livePause = time.Second
	// liveBeat is how often the session is looked up while nothing happens, and
	// the connection is kept from being taken for dead.
	liveBeat = 15 * time.Second
	// livePatience is how long a browser may take for one hint.
	livePatience = time.Minute
	// maxMissed bounds the events that are read to find out what a page missed:
	// one that missed more is told that everything may have changed.
	maxMissed = 2000
)

// topics are the names of the hints.
var topics = []string{"approvals", "authorizations", "agents", "policies", "company"}

// topicsOf says what an event changes for pages.
func topicsOf(r proof.Record) []string {
	kind, what, _ := strings.Cut(r.Type, ".")
	switch kind {
	case "approval":
		return []string{"approvals"}
	case "authorization":
		if what == "confirmed" || what == "redeemed" || what == "approved" && !strings.Contains(string(r.Data), `"approval"`) {
			return []string{"authorizations"}
		}
		return []string{"approvals", "authorizations"}
	case "agent":
		return []string{"agents", "approvals"} // a frozen one's requests cannot be approved
	case "policy":
		return []string{"policies", "approvals"} // what was shown may be held by it
	case "company":
		return []string{"company", "approvals"}
	}
	return []string{"company"}
}

// live tells a page what has changed, as server-sent events without content:
// the page asks for its parts itself, with the rights of that moment. It ends
// when the session or the role does, and when the server shuts down; the browser
// then comes again.
func (v *visit) live() error {
	if v.isOfAnother(v.QueryParam("company")) {
		// What the page asks for now tells it to load itself again.
		v.openStream().hint(-1, topics)
		return nil
	}
	after, known := v.heard()
	last, err := v.web.feed.Last(v.ctx(), v.tenant())
	if err != nil {
		return err
	}
	missed := known && last-after > maxMissed
	if !known || missed || after > last {
		after = last
	}
	news, err := v.web.feed.Subscribe(v.ctx(), v.tenant(), after)
	if err != nil {
		return err
	}
	s := v.openStream()
	if missed {
		s.hint(last, topics)
	}
	return v.follow(s, news)
}

// heard is the position of the last event that the page knows of: the browser's
// own, after a break, else the one that the page was made with.
func (v *visit) heard() (int64, bool) {
	for _, said := range []string{v.Request().Header.Get("Last-Event-ID"), v.QueryParam("after")} {
		if n, err := strconv.ParseInt(said, 10, 64); err == nil && n >= -1 {
			return n, true
		}
	}
	return 0, false
}

// follow hands on hints until something ends it. None of these is an error: the
// browser comes again, and is then told what there is to tell.
func (v *visit) follow(s *stream, news <-chan audit.Batch) error {
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	for s.err == nil {
		select {
		case <-v.ctx().Done():
			return nil
		case <-v.web.draining:
			return nil
		case <-beat.C:
			if !v.stillMay() {
				return nil
			}
			s.beat()
		case batch, open := <-news:
			if !open || !v.stillMay() {
				return nil
			}
			s.hint(batch.Last, changed(batch.Records))
			if !v.pause() {
				return nil
			}
		}
	}
	return nil
}

// changed are the topics of some events, each once.
func changed(records []proof.Record) (out []string) {
	for _, r := range records {
		for _, topic := range topicsOf(r) {
			if !slices.Contains(out, topic) {
				out = append(out, topic)
			}
		}
	}
	return out
}

// pause lets things add up between two hints. False is the end.
func (v *visit) pause() bool {
	select {
	case <-v.ctx().Done():
		return false
	case <-v.web.draining:
		return false
	case <-time.After(livePause):
		return true
	}
}

// stillMay looks the session up again: whoever signed out, or was given another
// role, hears nothing more on this connection.
func (v *visit) stillMay() bool {
	p, _, err := v.web.access.FromBrowser(v.ctx(), v.token, value(v.Request(), companyCookie), v.frame.Live)
	if fault.From(err).Kind == fault.Unavailable {
		return true // the database is away for a moment, which ends no session
	}
	return err == nil && p.Tenant == v.who.Tenant && p.Member == v.who.Member && p.Role == v.who.Role
}

// stream writes server-sent events; after the first failure it writes nothing.
type stream struct {
	v   *visit
	err error
}

func (v *visit) openStream() *stream {
	h := v.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy before us must not collect
	h.Set(gzhttp.HeaderNoCompression, "1")
	s := &stream{v: v}
	v.Response().WriteHeader(http.StatusOK)
	s.send("retry: 2000\n\n")
	return s
}

// hint names what has changed up to a position of the log.
func (s *stream) hint(position int64, topics []string) {
	for _, topic := range topics {
		s.send(fmt.Sprintf("id: %d\nevent: %s\ndata:\n\n", position, topic))
	}
}

func (s *stream) beat() { s.send(": still here\n\n") }

func (s *stream) send(text string) {
	if s.err != nil {
		return
	}
	connection := http.NewResponseController(s.v.Response())
	// A connection that knows no deadlines keeps the server's own.
	_ = connection.SetReadDeadline(time.Time{})
	_ = connection.SetWriteDeadline(time.Now().Add(livePatience))
	if _, s.err = s.v.Response().Write([]byte(text)); s.err == nil {
		s.err = connection.Flush()
	}
}
