package cards

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
)

// undecidedFor is how long it is looked for what became of a swipe, and
// maxUndecided for how many: beyond it a hold runs out by itself.
const (
	undecidedFor = 2 * time.Minute
	maxUndecided = 10_000
)

// undecided are swipes that were declined because nobody knew in time what
// became of them. One that was approved all the same is reversed, so that no
// hold stays behind an answer that said no.
type undecided struct {
	mu  sync.Mutex
	all map[asked]time.Time
}

// asked names a swipe.
type asked struct {
	tenant    ident.Tenant
	card      uuid.UUID
	networkID string
}

func (u *undecided) add(a asked) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.all) < maxUndecided {
		u.all[a] = time.Now()
	}
}

func (u *undecided) forget(a asked) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.all, a)
}

// take gives what there is to look for, without what is too old.
func (u *undecided) take() (out []asked) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for a, since := range u.all {
		if time.Since(since) > undecidedFor {
			delete(u.all, a)
			continue
		}
		out = append(out, a)
	}
	return out
}

// takeBack looks for what became of undecided swipes.
func (s *Service) takeBack(ctx context.Context) (err error) {
	for _, a := range s.undecided.take() {
		x, failed := s.Find(ctx, a.tenant, a.card, a.networkID)
		if failed == nil && x.Type == Authorized {
			_, failed = s.Reverse(ctx, a.tenant, a.card, NetworkPosting{NetworkID: x.tookBack(), Authorization: x.Authorization})
		}
		switch f := fault.From(failed); {
		case failed == nil || f.Kind == fault.Conflict:
			s.undecided.forget(a)
		case f.Kind != fault.NotFound: // not found: not yet, or never
			err = errors.Join(err, failed)
		}
	}
	return err
}

// tookBack is the network id of the reversal of a swipe that was declined for
// want of a decision.
func (x Transaction) tookBack() string { return "undecided:" + x.PublicID() }

// wasTakenBack says whether an approved swipe was declined for want of a decision.
func (s *Service) wasTakenBack(ctx context.Context, c Card, x Transaction, a *spend.Authorization) (bool, error) {
	if x.Type != Authorized || a.Status != spend.Voided {
		return false, nil
	}
	_, err := s.Find(ctx, c.Tenant, c.ID, x.tookBack())
	if fault.Is(err, "not_found") {
		return false, nil
	}
	return err == nil, err
}
