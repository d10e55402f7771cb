package audit

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// topic is one tenant's log as its readers see it.
type topic struct {
	readers map[*subscription]bool
	// size is that of the log, -1 before the first look. recent are the last
	// events before size: what a reader that keeps up is given.
	size   int64
	recent []proof.Record
}

// maxRecent bounds the events that a topic keeps.
const maxRecent = 500

// first is the position of the oldest recent event.
func (c *topic) first() int64 { return c.size - int64(len(c.recent)) }

func (f *Feed) join(s *subscription) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	c := f.topics[s.tenant]
	if c == nil {
		c = &topic{readers: map[*subscription]bool{}, size: -1}
		f.topics[s.tenant] = c
	}
	c.readers[s] = true
	s.tell() // there may be something already
	f.Hurry()
	return true
}

func (f *Feed) leave(s *subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.topics[s.tenant]
	delete(c.readers, s)
	if len(c.readers) == 0 {
		delete(f.topics, s.tenant)
	}
}

// close tells every reader that there will be no more.
func (f *Feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, c := range f.topics {
		for s := range c.readers {
			s.tell()
		}
	}
}

// followed are the tenants with readers, and how far each is known.
func (f *Feed) followed() map[ident.Tenant]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	sizes := make(map[ident.Tenant]int64, len(f.topics))
	for t, c := range f.topics {
		sizes[t] = c.size
	}
	return sizes
}

// moves are the parts of logs that are new, as columns.
type moves struct {
	tenants       []ident.Tenant
	companies     []uuid.UUID
	lives         []bool
	firsts, pasts []int64
}

func (m *moves) add(t ident.Tenant, first, past int64) {
	m.tenants, m.companies, m.lives = append(m.tenants, t), append(m.companies, t.Company), append(m.lives, t.Live)
	m.firsts, m.pasts = append(m.firsts, first), append(m.pasts, past)
}

// round asks how far the logs are, and reads what is new in them.
func (f *Feed) round(ctx context.Context, known map[ident.Tenant]int64) error {
	q := db.New(f.log.pool)
	var asked, moved moves
	for t := range known {
		asked.add(t, 0, 0)
	}
	heads, err := q.FeedSizes(ctx, asked.companies, asked.lives)
	if err != nil {
		return err
	}
	for _, h := range heads {
		t := ident.Tenant{Company: h.CompanyID, Live: h.Live}
		switch size := known[t]; {
		case size < 0:
			f.publish(t, h.Size, nil)
		case h.Size > size:
			moved.add(t, max(size, h.Size-maxRecent), h.Size)
		}
	}
	if len(moved.tenants) == 0 {
		return nil
	}
	rows, err := q.FeedEvents(ctx, moved.companies, moved.lives, moved.firsts, moved.pasts)
	if err != nil {
		return err
	}
	fresh := map[ident.Tenant][]proof.Record{}
	for _, r := range rows {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		fresh[t] = append(fresh[t], fedRecord(r))
	}
	for i, t := range moved.tenants {
		f.publish(t, moved.pasts[i], fresh[t])
	}
	return nil
}

// publish gives a topic its news, which end at size.
func (f *Feed) publish(t ident.Tenant, size int64, fresh []proof.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.topics[t]
	if c == nil || size <= c.size {
		return // the last reader went, or came again since
	}
	// A new slice, as readers hold parts of the old one.
	recent := append(append([]proof.Record(nil), c.recent...), fresh...)
	recent = recent[max(0, len(recent)-maxRecent):]
	if n := len(recent); n > 0 && (recent[0].Position != size-int64(n) || recent[n-1].Position != size-1) {
		recent = nil // a part was left out: who needs it reads it
	}
	c.recent, c.size = recent, size
	for s := range c.readers {
		s.tell()
	}
}

// after gives a reader what it has not had yet from what is kept, and whether
// it must read it from the database.
func (f *Feed) after(s *subscription) (news []proof.Record, read, closed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.topics[s.tenant]
	switch {
	case f.closed:
		return nil, false, true
	case c.size < 0:
		return nil, true, false
	case s.next >= c.size:
		return nil, false, false
	case s.next < c.first():
		return nil, true, false
	}
	return c.recent[s.next-c.first():], false, false
}

// subscription is one reader at its place.
type subscription struct {
	feed   *Feed
	tenant ident.Tenant
	next   int64 // the position that it waits for
	news   chan struct{}
	out    chan Batch
}

// tell says that there may be something to read.
func (s *subscription) tell() {
	select {
	case s.news <- struct{}{}:
	default: // it has been told
	}
}

func (s *subscription) run(ctx context.Context) {
	defer close(s.out)
	defer s.feed.leave(s)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.news:
		}
		if !s.catchUp(ctx) {
			return
		}
	}
}

// catchUp hands on everything that there is. False is the end.
func (s *subscription) catchUp(ctx context.Context) bool {
	for {
		news, read, closed := s.feed.after(s)
		if closed {
			return false
		}
		if read {
			var err error
			if news, err = s.feed.log.After(ctx, s.tenant, Filter{}, s.next-1, maxFeedBatch); err != nil {
				s.feed.log.complain(ctx, "audit feed: a reader could not catch up", err)
				return false
			}
		}
		if len(news) == 0 {
			return true
		}
		last := news[len(news)-1].Position
		select {
		case <-ctx.Done():
			return false
		case s.out <- Batch{Records: news, Last: last}:
			s.next = last + 1
		}
	}
}
