package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

const (
	// streamLife is how long one stream of events goes on: whoever hears it comes
	// again, perhaps to another server.
	streamLife = time.Hour
	// streamBeat is how often a stream says that it is still there, and looks
	// whether its reader still may hear it.
	streamBeat = 15 * time.Second
	// maxStreams is how many streams of one company one server carries.
	maxStreams = 100
)

// streams counts the streams of events of each company.
type streams struct {
	mu   sync.Mutex
	open map[uuid.UUID]int
}

// take makes room for one more. The fault is RateLimited, too_many_streams.
func (s *streams) take(company uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[company] >= maxStreams {
		return fault.New(fault.RateLimited, "too_many_streams", "This company has %d streams of events open: end one first.", maxStreams).After(streamBeat)
	}
	s.open[company]++
	return nil
}

func (s *streams) giveBack(company uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[company]--; s.open[company] == 0 {
		delete(s.open, company)
	}
}

// EventsQuery is what a reader of events asks for.
type EventsQuery struct {
	Types       []string `query:"types" maxItems:"50" doc:"Types of events, or families such as authorization.*; all without it."`
	LastEventID string   `header:"Last-Event-ID" maxLength:"20" doc:"The id of the last event that was heard: what came after it is told first. Without it, only what happens from now on; -1 is from the beginning."`
}

func (a *API) registerEvents() {
	op := huma.Operation{OperationID: "followEvents", Method: http.MethodGet, Path: "/v1/events", Summary: "Follow events", Tags: []string{"Audit"},
		Description: "Server-sent events: each has its position as id, its type as event, and as data what GET /v1/audit gives. None is missed or told twice to who sends Last-Event-ID, as every reader of such streams does. It ends after an hour, when the credential does, and when the server stops: come again."}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	handle(a, op, a.followEvents)
}

func (a *API) followEvents(ctx context.Context, in *EventsQuery) (*streamed, error) {
	c := callOf(ctx)
	if !c.Can(access.ScopeRead) && c.Agent == nil {
		return nil, fault.New(fault.Forbidden, "scope_missing", "This needs the scope read, or a key that is bound to an agent.")
	}
	types := audit.Types{audit.Everything}
	var err error
	if len(in.Types) > 0 {
		if types, err = audit.ReadTypes("query.types", in.Types); err != nil {
			return nil, err
		}
	}
	after, err := a.heard(ctx, in.LastEventID)
	if err != nil {
		return nil, err
	}
	return a.stream("text/event-stream", func(ctx context.Context, w *flusher) error {
		h := w.c.Response().Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // a proxy before us must not collect
		if c.method == http.MethodHead {
			return nil
		}
		if err := a.streams.take(c.Tenant.Company); err != nil {
			return err
		}
		defer a.streams.giveBack(c.Tenant.Company)
		news, err := a.feed.Subscribe(ctx, c.Tenant, after)
		if err != nil {
			return err
		}
		follow{a: a, call: c, w: w, types: types}.run(ctx, news, after)
		return nil
	}), nil
}

// heard is the position that a reader goes on from: the newest without one, of
// all that has happened by now.
func (a *API) heard(ctx context.Context, said string) (int64, error) {
	newest, _, err := a.audit.List(ctx, callOf(ctx).Tenant, audit.Filter{}, nil, 1)
	if err != nil {
		return 0, err
	}
	last := int64(-1)
	if len(newest) > 0 {
		last = newest[0].Position
	}
	if said == "" {
		return last, nil
	}
	after, err := strconv.ParseInt(said, 10, 64)
	if err != nil || after < -1 {
		return 0, fault.BadField("header.Last-Event-ID", "invalid_value", "This is the id of an event of the stream: a whole number from -1.")
	}
	return min(after, last), nil
}

// follow is one stream of events under way.
type follow struct {
	a     *API
	call  *call
	w     *flusher
	types audit.Types
}

// run hands events on until something ends it. None of these is an error: the
// reader comes again.
func (f follow) run(ctx context.Context, news <-chan audit.Batch, after int64) {
	beat, end := time.NewTicker(streamBeat), time.NewTimer(f.a.streamLife)
	defer beat.Stop()
	defer end.Stop()
	more := f.send(fmt.Appendf(nil, "retry: 2000\nid: %d\n\n", after))
	for more {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-beat.C:
			more = f.stillMay() && f.send([]byte(": still here\n\n"))
		case batch, open := <-news:
			more = open && f.stillMay() && f.tell(batch)
		}
	}
}

// stillMay looks the credential up again: whoever lost it, or some of its
// rights, hears nothing more.
func (f follow) stillMay() bool {
	p, err := f.a.identify(f.w.c.Request())
	if fault.From(err).Kind == fault.Unavailable {
		return true // the database is away for a moment, which ends nothing
	}
	sameAgent := p.Agent == nil && f.call.Agent == nil || p.Agent != nil && f.call.Agent != nil && *p.Agent == *f.call.Agent
	return err == nil && p.Tenant == f.call.Tenant && sameAgent && p.Can(access.ScopeRead) == f.call.Can(access.ScopeRead)
}

// tell sends what of a batch the reader is to hear, and how far that is.
func (f follow) tell(batch audit.Batch) bool {
	var out []byte
	told := int64(-1)
	for _, r := range batch.Records {
		if !f.hears(r) {
			continue
		}
		line, err := r.Line()
		if err != nil {
			f.a.log.Error("an event could not be written", "error", err)
			return false
		}
		out = fmt.Appendf(out, "id: %d\nevent: %s\ndata: %s\n\n", r.Position, r.Type, line)
		told = r.Position
	}
	if told != batch.Last {
		out = fmt.Appendf(out, "id: %d\n\n", batch.Last) // which goes without an event
	}
	return f.send(out)
}

func (f follow) hears(r proof.Record) bool {
	if f.call.agent != nil && (r.Agent == nil || *r.Agent != ident.Format(ident.Agent, *f.call.agent)) {
		return false
	}
	return f.types.Pick(r.Type)
}

func (f follow) send(b []byte) bool {
	if _, err := f.w.Write(b); err != nil {
		return false // the reader has gone
	}
	f.w.Flush()
	return true
}
