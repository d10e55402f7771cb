package demo

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// length is how far back the history goes.
const length = 92 * day

// seed makes every filling tell the same story. Only ids and instants differ.
const seed = 20260401

// story tells three months of one tenant to the gate, step by step in the order
// of their instants, and collects the rows that are not the gate's.
type story struct {
	tenant  ident.Tenant
	random  *rand.Rand
	zone    *time.Location
	founded time.Time
	now     time.Time
	clock   time.Time
	steps   steps
	planned int
	past    *spend.Past

	members []*member
	agents  map[string]*agent
	books   []*written
}

type member struct {
	person
	id, personID uuid.UUID
	joined       time.Time
}

func (m *member) actor(s *story) audit.Actor { return audit.Member(m.id, s.request()) }

type agent struct {
	role
	id      uuid.UUID
	key     uuid.UUID
	status  string
	created time.Time
	changed time.Time
	revoked time.Time
	used    time.Time
}

// written is a policy with the versions that exist so far.
type written struct {
	book
	id       uuid.UUID
	versions []policy.Policy
}

// founding is a morning three months before now.
func founding(now time.Time) (time.Time, *time.Location, error) {
	zone, err := meter.LoadZone(companyZone)
	if err != nil {
		return time.Time{}, nil, err
	}
	y, m, d := now.Add(-length).In(zone).Date()
	return time.Date(y, m, d, 9, 12, 0, 0, zone).UTC(), zone, nil
}

// newStory plans the agents and policies of one mode, from the founding on.
func newStory(t ident.Tenant, now time.Time, members []*member, roles []role, books []book) (*story, error) {
	founded, zone, err := founding(now)
	if err != nil {
		return nil, err
	}
	s := &story{tenant: t, random: rand.New(rand.NewPCG(seed, 1)), zone: zone, now: now,
		founded: founded, members: members, agents: map[string]*agent{}}
	for i, r := range roles {
		s.agents[r.handle] = s.newAgent(r, hired+time.Duration(i)*3*time.Minute)
	}
	for _, b := range books {
		s.books = append(s.books, &written{book: b, id: ident.At(s.founded.Add(b.pages[0].written))})
	}
	scopes, err := s.meters()
	if err != nil {
		return nil, err
	}
	s.past = spend.NewPast(t, spend.PastCompany{Currency: companyCurrency, Zone: companyZone,
		ApprovalTimeout: approvalTimeout, Scopes: scopes})
	for _, r := range roles {
		s.hire(s.agents[r.handle])
	}
	for _, w := range s.books {
		s.legislate(w)
	}
	return s, s.govern()
}

// step is something that happens at an instant.
type step struct {
	at    time.Time
	order int
	do    func() error
}

type steps []step

func (s steps) Len() int { return len(s) }
func (s steps) Less(i, j int) bool {
	return s[i].at.Before(s[j].at) || s[i].at.Equal(s[j].at) && s[i].order < s[j].order
}
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(x any)   { *s = append(*s, x.(step)) }
func (s *steps) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// when plans a step. What would happen after now has not happened.
func (s *story) when(at time.Time, do func() error) {
	at = at.Truncate(time.Microsecond)
	if at.After(s.now) {
		return
	}
	s.planned++
	heap.Push(&s.steps, step{at, s.planned, do})
}

// after plans a step so long after the founding.
func (s *story) after(d time.Duration, do func() error) { s.when(s.founded.Add(d), do) }

// tell runs the steps in their order until now.
func (s *story) tell() error {
	for s.steps.Len() > 0 {
		next := heap.Pop(&s.steps).(step)
		s.clock = next.at
		s.past.MoveTo(next.at)
		if err := next.do(); err != nil {
			return fmt.Errorf("the demo at %s: %w", next.at.Format(time.RFC3339), err)
		}
	}
	s.clock = s.now
	s.past.MoveTo(s.now)
	return nil
}

// request is the id of some request, as the doors give them.
func (s *story) request() string { return ident.Format("req", ident.At(s.clock)) }

// chance is true so many times in a hundred.
func (s *story) chance(percent int) bool { return s.random.IntN(100) < percent }

func pick[T any](s *story, list []T) T { return list[s.random.IntN(len(list))] }

// between is a span from low to high, to the microsecond.
func (s *story) between(low, high time.Duration) time.Duration {
	return low + time.Duration(s.random.Int64N(int64(high-low)/1000))*1000
}
