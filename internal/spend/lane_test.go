package spend

import (
	"testing"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// clocked is a lane with a clock of the test's own.
func clocked(limit int, longest time.Duration) (*lane, func(time.Duration)) {
	now := time.Unix(0, 0)
	l := newLane(limit, longest)
	l.now = func() time.Time { return now }
	return l, func(d time.Duration) { now = now.Add(d) }
}

func tenants(n int) []ident.Tenant {
	list := make([]ident.Tenant, n)
	for i := range list {
		list[i] = ident.Tenant{Company: ident.New(), Live: true}
	}
	return list
}

// fill puts requests of the tenant until one is refused or most are in.
func fill(l *lane, t ident.Tenant, most int) int {
	for n := range most {
		if err := l.put(&op{tenant: t}); err != nil {
			return n
		}
	}
	return most
}

// learn has the lane take some batches of ten that took so long each.
func learn(l *lane, t ident.Tenant, pass func(time.Duration), took time.Duration) {
	for range 20 {
		fill(l, t, 10)
		l.take(10)
		pass(took)
	}
	l.done(10)
}

func TestLaneRefusesWhatItWillNotGetToInTime(t *testing.T) {
	t.Parallel()
	who := tenants(1)[0]
	l, pass := clocked(10_000, 400*time.Millisecond)
	if n := fill(l, who, 4000); n != 4000 {
		t.Fatalf("%d were let in before the pace was known", n)
	}
	l, pass = clocked(10_000, 400*time.Millisecond)
	learn(l, who, pass, 20*time.Millisecond)
	if n := fill(l, who, 10_000); n < 200 || n > 202 {
		t.Errorf("at 2 ms each, %d were let in to wait for 400 ms", n)
	}
	err := l.put(&op{tenant: who})
	if f := fault.From(err); err == nil || f.Kind != fault.Unavailable || f.Code != "overloaded" || f.RetryAfter <= 0 {
		t.Errorf("%v", err)
	}
	l.take(10)
	if n := fill(l, who, 100); n < 9 || n > 11 {
		t.Errorf("ten went, and %d came in", n)
	}
}

// TestLanePaceIsThatOfFullBatches: one alone takes a whole commit, a hundred
// hardly more.
func TestLanePaceIsThatOfFullBatches(t *testing.T) {
	t.Parallel()
	who := tenants(1)[0]
	l, pass := clocked(10_000, 400*time.Millisecond)
	for range 50 {
		fill(l, who, 1)
		l.take(10)
		pass(20 * time.Millisecond)
	}
	l.done(10)
	if n := fill(l, who, 1000); n != 1000 {
		t.Errorf("a burst after quiet times was cut off after %d", n)
	}
}

func TestLaneFollowsThePace(t *testing.T) {
	t.Parallel()
	who := tenants(1)[0]
	l, pass := clocked(10_000, 400*time.Millisecond)
	learn(l, who, pass, 100*time.Millisecond)
	learn(l, who, pass, 10*time.Millisecond)
	if n := fill(l, who, 10_000); n < 350 {
		t.Errorf("it became ten times faster, and let in %d", n)
	}
}

// TestLaneRefusesWhileABatchHangs: PostgreSQL stalls, and nobody learns after
// all of their patience what was to be seen before.
func TestLaneRefusesWhileABatchHangs(t *testing.T) {
	t.Parallel()
	who := tenants(1)[0]
	l, pass := clocked(10_000, 400*time.Millisecond)
	fill(l, who, 3)
	l.take(2)
	pass(799 * time.Millisecond)
	if n := fill(l, who, 1); n != 1 {
		t.Error("refused before it hung")
	}
	pass(2 * time.Millisecond)
	if n := fill(l, who, 1); n != 0 {
		t.Error("let in to wait for what hangs")
	}
	l.take(2)
	if n := fill(l, who, 1); n != 1 {
		t.Error("refused after it went on")
	}
}

// TestLaneForgetsAStall: a batch that hung once leaves a bad pace behind, which
// only full batches can mend.
func TestLaneForgetsAStall(t *testing.T) {
	t.Parallel()
	who := tenants(1)[0]
	l, pass := clocked(10_000, 400*time.Millisecond)
	fill(l, who, 10)
	l.take(10)
	pass(time.Minute)
	for range 30 {
		l.done(10)
		if fill(l, who, 40); l.size < 10 {
			t.Fatalf("only %d may wait: no batch will be full again", l.size)
		}
		l.take(10)
		pass(10 * time.Millisecond)
	}
	l.done(10)
	if fill(l, who, 10_000); l.size < 150 {
		t.Errorf("it goes on at 1 ms each, and only %d wait", l.size)
	}
}

// TestLaneFloodHoldsUpNobodyElse: a batch has one of each tenant, so that who
// comes alone waits for one turn.
func TestLaneFloodHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	who := tenants(20)
	l, pass := clocked(10_000, 400*time.Millisecond)
	learn(l, who[0], pass, 20*time.Millisecond)
	fill(l, who[0], 10_000)
	for _, other := range who[1:] {
		if n := fill(l, other, 3); n != 3 {
			t.Fatalf("another tenant got %d in", n)
		}
	}
	batch := l.take(40)
	got := map[ident.Tenant]int{}
	for _, o := range batch {
		got[o.tenant]++
	}
	if len(got) != 20 || got[who[0]] != 2 {
		t.Errorf("%d tenants were served, the flood %d times", len(got), got[who[0]])
	}
}

func TestLaneKeepsHalfOfItsRoom(t *testing.T) {
	t.Parallel()
	who := tenants(2)
	l, _ := clocked(100, 0)
	if n := fill(l, who[0], 100); n != 50 {
		t.Errorf("one tenant took %d of 100 places", n)
	}
	if n := fill(l, who[1], 100); n != 50 {
		t.Errorf("the other took %d", n)
	}
	if n := fill(l, tenants(1)[0], 1); n != 0 {
		t.Error("more than there is room for")
	}
}

func TestCrowdedMeansEveryLane(t *testing.T) {
	t.Parallel()
	who := tenants(2)
	s := &Service{lanes: []*lane{newLane(2, 0), newLane(2, 0)}}
	fill(s.lanes[0], who[0], 2)
	if s.Crowded(who[0]) {
		t.Error("one lane has room")
	}
	fill(s.lanes[1], who[0], 2)
	if !s.Crowded(who[0]) || s.Crowded(who[1]) {
		t.Error("both lanes have only room for others")
	}
}
