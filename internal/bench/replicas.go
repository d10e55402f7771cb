package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// most is how many servers share a database at most.
const mostReplicas = 4

// group is several servers on one database.
type group struct {
	*bench
	first *server
	extra []*server
}

// on names a case that several servers share.
func on(name string, servers int) string {
	if servers == 1 {
		return name + ", one server"
	}
	return fmt.Sprintf("%s, %d servers", name, servers)
}

// replicas is the section of one, two and four servers on one database, which
// share the same number of connections.
func (b *bench) replicas(ctx context.Context) error {
	s, err := b.serveOn(ctx, "replicas", es, b.Agents)
	if err != nil {
		return err
	}
	g := &group{bench: b, first: s}
	for _, n := range []int{1, 2, mostReplicas} {
		for _, c := range []struct {
			name string
			does maker
		}{{oneAgent, s.authorizing(s.careful, hot)}, {manyAgents, s.authorizing(s.careful, spread(b.Agents))}} {
			b.add(&cell{Case: on(c.name, n), Algorithm: es, Connections: main64, run: func(ctx context.Context) (sample, error) {
				return g.together(ctx, n, c.does)
			}})
		}
	}
	return g.exhaust(ctx)
}

// together has so many servers share the load.
func (g *group) together(ctx context.Context, n int, does maker) (sample, error) {
	if err := g.resize(ctx, n); err != nil {
		return sample{}, err
	}
	var l load
	out, err := g.measure(ctx, g.first, func() (_ load, err error) {
		l, err = closed(ctx, g.addresses(), main64, g.length(), does)
		return l, err
	})
	out.Shares = make([]int64, n)
	for client, did := range l.shares {
		out.Shares[client%n] += did
	}
	if n > 1 { // CPU time and memory are known of the first alone
		out.Server, out.Mallocs, out.Bytes, out.Resident = 0, 0, 0, 0
	}
	return out, err
}

func (g *group) addresses() string {
	list := []string{g.first.address}
	for _, s := range g.extra {
		list = append(list, s.address)
	}
	return strings.Join(list, ",")
}

// resize starts or stops servers until there are n, and makes new ones warm.
func (g *group) resize(ctx context.Context, n int) error {
	for len(g.extra) > n-1 {
		last := g.extra[len(g.extra)-1]
		last.stop()
		g.extra = g.extra[:len(g.extra)-1]
		g.servers = slices.DeleteFunc(g.servers, func(s *server) bool { return s == last })
	}
	before := len(g.extra)
	for len(g.extra) < n-1 {
		s := &server{algorithm: g.first.algorithm, binary: g.binary, dir: g.first.dir, ownerURL: g.first.ownerURL, dbURL: g.first.dbURL, world: g.first.world}
		g.extra = append(g.extra, s)
		g.servers = append(g.servers, s)
		if err := s.start(ctx); err != nil {
			return err
		}
	}
	if before == len(g.extra) {
		return nil
	}
	_, err := closed(ctx, g.addresses(), main64, g.length()/2, g.first.authorizing(g.first.careful, spread(g.Agents)))
	return err
}

// The budget that replicas compete for: so many payments, and not one more.
const (
	affordable = 500
	tight      = `{"name":"Tight","status":"active","rules":[{"type":"limit","period":"year","amount":625,"currency":"usd","time_zone":"UTC"}]}`
)

// exhaust has all replicas spend one budget that is too small, at once. What
// they approve must be what it holds.
func (g *group) exhaust(ctx context.Context) error {
	s := g.first
	poor, err := s.found(ctx, "tight", 0, tight)
	if err != nil {
		return err
	}
	if err := g.resize(ctx, mostReplicas); err != nil {
		return err
	}
	var mu sync.Mutex
	approved, denied := 0, 0
	err = times(g.addresses(), main64, 3*affordable, func(c *conn, client int) op {
		r := newRequest(poor.secret(client), "POST", "/v1/authorize", spending)
		return func() error {
			r.fresh(&s.tally.keys)
			r.of(0)
			a, err := c.ask(r.text)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && expect(a, nil, sayApproved, sayToken) == nil {
				approved++
				s.tally.approved.Add(1)
				return nil
			}
			denied++
			s.tally.denied.Add(1)
			return expect(a, err, sayDenied)
		}
	})
	if err == nil && (approved != affordable || denied != 2*affordable) {
		err = fmt.Errorf("a budget for %d payments had %d approved and %d denied by %d servers", affordable, approved, denied, mostReplicas)
	}
	if err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	say("  %d servers approved %d of %d requests for a budget of %d", mostReplicas, approved, 3*affordable, affordable)
	time.Sleep(time.Second) // PostgreSQL's count of deadlocks comes that late
	return s.audit(ctx)
}
