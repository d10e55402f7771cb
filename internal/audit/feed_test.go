package audit_test

import (
	"context"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// feed runs a feed, and what gives positions, until the test or stop ends it.
func (w world) feed() (f *audit.Feed, stop func()) {
	f = audit.NewFeed(w.log, 20*time.Millisecond)
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{}, 2)
	go func() { f.Run(ctx); done <- struct{}{} }()
	go func() { w.log.Run(ctx); done <- struct{}{} }()
	stop = func() { cancel(); <-done; <-done }
	w.t.Cleanup(func() { cancel() })
	return f, stop
}

func (w world) subscribe(ctx context.Context, f *audit.Feed, t ident.Tenant, after int64) <-chan audit.Batch {
	w.t.Helper()
	news, err := f.Subscribe(ctx, t, after)
	if err != nil {
		w.t.Fatal(err)
	}
	return news
}

// hear takes events with the positions from next to before past, and nothing
// else, each once and in order.
func (w world) hear(news <-chan audit.Batch, next, past int64) {
	w.t.Helper()
	for next < past {
		select {
		case b, open := <-news:
			if !open || len(b.Records) == 0 || len(b.Records) > 500 || b.Last != b.Records[len(b.Records)-1].Position {
				w.t.Fatalf("at %d: %d events, open %v", next, len(b.Records), open)
			}
			for _, r := range b.Records {
				if r.Position != next {
					w.t.Fatalf("position %d comes after %d", r.Position, next-1)
				}
				next++
			}
		case <-time.After(20 * time.Second):
			w.t.Fatalf("nothing comes after %d", next-1)
		}
	}
	if next != past {
		w.t.Fatalf("%d came, %d were there", next, past)
	}
}

// TestFeed: everybody hears everything from their place on, in order, whatever
// was before they came.
func TestFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, _ := w.feed()
	early := w.subscribe(t.Context(), f, w.tenant, -1) // before there is a log
	w.write(50)
	w.hear(early, 0, 50)
	last, err := f.Last(t.Context(), w.tenant)
	if err != nil || last != 49 {
		t.Fatalf("%d %v", last, err)
	}
	late := w.subscribe(t.Context(), f, w.tenant, 19)
	now := w.subscribe(t.Context(), f, w.tenant, last)
	w.hear(late, 20, 50)
	w.write(1)
	w.hear(now, 50, 51)
	w.hear(late, 50, 51)
	w.hear(early, 50, 51)
	rest := w.tenant
	rest.Live = false // the other side is another log
	if err := w.append(rest, member, audit.Event{Type: "agent.created", Subject: "x"}); err != nil {
		t.Fatal(err)
	}
	w.hear(w.subscribe(t.Context(), f, rest, -1), 0, 1)
	select {
	case b := <-now:
		t.Fatalf("%+v", b)
	case <-time.After(300 * time.Millisecond):
	}
}

// TestFeedWaitsForNobody: who does not take what is there keeps nobody waiting,
// and gets all of it later.
func TestFeedWaitsForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, _ := w.feed()
	slow, quick := w.subscribe(t.Context(), f, w.tenant, -1), w.subscribe(t.Context(), f, w.tenant, -1)
	for i := range int64(16) {
		w.write(100)
		w.hear(quick, i*100, (i+1)*100)
	}
	w.hear(slow, 0, 1600)
	// A thousand at once are more than is kept: they are read.
	w.write(1300)
	w.hear(quick, 1600, 2900)
	w.hear(slow, 1600, 2900)
}

// TestFeedEnds with its reader or with the server.
func TestFeedEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, stop := w.feed()
	ctx, leave := context.WithCancel(t.Context())
	leaver, stayer := w.subscribe(ctx, f, w.tenant, -1), w.subscribe(t.Context(), f, w.tenant, -1)
	leave()
	if _, open := <-leaver; open {
		t.Error("who has left hears on")
	}
	w.write(3)
	w.hear(stayer, 0, 3)
	stop()
	if _, open := <-stayer; open {
		t.Error("there is news of a feed that has ended")
	}
	if _, err := f.Subscribe(t.Context(), w.tenant, -1); !fault.Is(err, "shutting_down") {
		t.Errorf("%v", err)
	}
}

// TestFeedOnAnotherReplica: what one process writes and seals is heard in
// another that does neither.
func TestFeedOnAnotherReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listening := audit.NewFeed(w.log, 20*time.Millisecond)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { listening.Run(ctx); close(done) }()
	defer func() { stop(); <-done }()
	news := w.subscribe(t.Context(), listening, w.tenant, -1)
	w.write(10)
	select {
	case b := <-news:
		t.Fatalf("an event without a position was heard: %+v", b)
	case <-time.After(200 * time.Millisecond):
	}
	w.feed()
	w.hear(news, 0, 10)
}
