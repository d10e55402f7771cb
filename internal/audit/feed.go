package audit

import (
	"context"
	"sync"
	"time"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Feed follows the logs that somebody wants to hear of: one question a round for
// all of them, while there is anybody. It works on any number of replicas, as it
// only looks at what has a position. Each reader has a place of its own: a slow
// one reads again from the database what the others have had, and keeps nobody
// waiting.
type Feed struct {
	log   *Log
	every time.Duration

	mu     sync.Mutex
	topics map[ident.Tenant]*topic
	closed bool
	// wake ends the poller's sleep: there is a first reader, or a hint.
	wake chan struct{}
}

// FeedEvery is how often a Feed looks for news. With the sequencer's 200 ms
// before it, an event is with its readers in half a second.
const FeedEvery = 250 * time.Millisecond

// NewFeed makes a feed of a log that looks every so often. Nothing is heard
// until Run.
func NewFeed(l *Log, every time.Duration) *Feed {
	return &Feed{log: l, every: every, topics: map[ident.Tenant]*topic{}, wake: make(chan struct{}, 1)}
}

// Batch is what is new, oldest first.
type Batch struct {
	Records []proof.Record
	// Last is the position of the last of them: where to go on from.
	Last int64
}

// maxFeedBatch bounds the events of one Batch.
const maxFeedBatch = 500

// Subscribe hears of every event of a tenant with a position above after, in
// order and without a gap, until ctx ends or Run does: then the channel is
// closed. -1 is from the beginning; Last is from now. What is not taken from
// the channel yet is not kept in memory either.
//
// The error is shutting_down (503) after Run has ended.
func (f *Feed) Subscribe(ctx context.Context, t ident.Tenant, after int64) (<-chan Batch, error) {
	s := &subscription{feed: f, tenant: t, next: after + 1, news: make(chan struct{}, 1), out: make(chan Batch)}
	if !f.join(s) {
		return nil, fault.New(fault.Unavailable, "shutting_down", "The server is shutting down: try again.").After(time.Second)
	}
	go s.run(ctx)
	return s.out, nil
}

// Last is the position of the newest event that has one, -1 without any: what
// a page read after it contains, a subscription from it need not tell.
func (f *Feed) Last(ctx context.Context, t ident.Tenant) (int64, error) {
	h, err := f.log.head(ctx, db.New(f.log.pool), t)
	return h.size - 1, err
}

// Hurry makes the feed look at once, when something is known to have happened.
func (f *Feed) Hurry() {
	select {
	case f.wake <- struct{}{}:
	default: // it is about to look
	}
}

// Run looks for news until ctx ends, and closes every subscription then.
func (f *Feed) Run(ctx context.Context) {
	defer f.close()
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		followed := f.followed()
		if len(followed) > 0 {
			if err := f.round(ctx, followed); err != nil {
				f.log.complain(ctx, "audit feed: no news could be read", err)
			}
		}
		beat := tick.C
		if len(followed) == 0 {
			beat = nil // nobody listens: sleep until somebody does
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-beat:
		}
	}
}
