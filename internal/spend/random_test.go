package spend_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// crowd is what many clients do to one company at random, through two gates.
type crowd struct {
	// years is held while years pass, and while they may not.
	years  sync.Mutex
	h      *house
	gates  []*spend.Service
	agents []uuid.UUID

	mu      sync.Mutex
	keys    map[string]uuid.UUID // what each Idempotency-Key has made
	recent  []made
	counted map[string]int
	wrong   []string
	left    atomic.Int64
	sampled int
}

type made struct {
	id, approval uuid.UUID
	token        string
	minor        int64
}

// crowdBounds are the limits of the crowd's company: shared by all and by some,
// in several windows, zones and currencies.
func crowdBounds(agents []uuid.UUID) ([]bound, []struct {
	rules  string
	agents []uuid.UUID
}) {
	some := agents[:4]
	bounds := []bound{
		{nil, true, "total", "UTC", "usd", 4_000_000}, {nil, true, "day", "Europe/Berlin", "usd", 60_000},
		{nil, false, "month", "UTC", "usd", 250_000}, {some, false, "quarter", "Pacific/Apia", "usd", 120_000},
		{nil, true, "week", "America/Havana", "eur", 50_000}, {nil, false, "year", "UTC", "eur", 200_000},
	}
	return bounds, []struct {
		rules  string
		agents []uuid.UUID
	}{
		{`[{"type":"limit","period":"total","amount":40000,"currency":"usd","time_zone":"UTC"},
		   {"type":"limit","period":"day","amount":600,"currency":"usd","time_zone":"Europe/Berlin"},
		   {"type":"limit","period":"month","amount":2500,"currency":"usd","time_zone":"UTC","per":"company"},
		   {"type":"limit","period":"week","amount":500,"currency":"eur","time_zone":"America/Havana"},
		   {"type":"limit","period":"year","amount":2000,"currency":"eur","time_zone":"UTC","per":"company"},
		   {"type":"approval_threshold","amount":120,"currency":"usd"},{"type":"approval_threshold","amount":120,"currency":"eur"}]`, nil},
		{`[{"type":"limit","period":"quarter","amount":1200,"currency":"usd","time_zone":"Pacific/Apia","per":"company"},
		   {"type":"transaction_limit","amount":1000,"currency":"eur"},
		   {"type":"limit","period":"year","amount":90000,"currency":"eur"}]`, some},
	}
}

func (c *crowd) say(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) < 20 {
		c.wrong = append(c.wrong, text)
	}
}

func (c *crowd) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted[what]++
}

// work does operations until none is left.
func (c *crowd) work(ctx context.Context, random *rand.Rand) {
	for c.left.Add(-1) >= 0 {
		gate := c.gates[random.IntN(len(c.gates))]
		dice := random.IntN(1000)
		var err error
		switch {
		case dice < 480:
			err = c.authorize(ctx, gate, random)
		case dice < 960:
			err = c.move(ctx, gate, random)
		case dice < 990:
			_, err = gate.Budget(ctx, c.h.tenant, c.agents[random.IntN(len(c.agents))], "")
		case dice < 993:
			err = gate.SweepOnce(ctx)
		case dice < 998:
			_, err = c.h.pool.Exec(ctx, `UPDATE agents SET status = CASE status WHEN 'active' THEN 'frozen' ELSE 'active' END
				WHERE agent_id = $1 AND random() < 0.5 OR agent_id = $1 AND status = 'frozen'`, c.agents[random.IntN(len(c.agents))])
		case dice == 998:
			err = c.yearsPass(ctx)
		default:
			_, err = c.h.pool.Exec(ctx, `UPDATE company_modes SET epoch = epoch + 1 WHERE company_id = $1`, c.h.tenant.Company)
		}
		c.judge(err)
	}
}

// judge keeps errors that are none of the answers that a caller may get.
func (c *crowd) judge(err error) {
	switch f := fault.From(err); {
	case err == nil:
	case f.Kind == fault.Unavailable:
		c.count("unavailable")
	case f.Kind == fault.Conflict, f.Kind == fault.Invalid:
		c.count("refused")
	default:
		c.say(err.Error())
	}
}

func (c *crowd) authorize(ctx context.Context, gate *spend.Service, random *rand.Rand) error {
	q := ask(c.agents[random.IntN(len(c.agents))], 1+random.Int64N(15000))
	if random.IntN(3) == 0 {
		q.Amount.Currency = "eur"
	}
	if random.IntN(4) == 0 {
		q.Capture = spend.Auto
	}
	if random.IntN(5) == 0 {
		q.ExpiresIn = time.Second
	}
	q.Merchant.Name = fmt.Sprint("Shop ", random.IntN(50))
	call, key := c.h.call(), ""
	if random.IntN(3) == 0 { // of which some come twice, from another client and for the same
		key = fmt.Sprintf("key-%d", random.IntN(1_000_000)%c.keyspace())
		call = c.h.keyed(key)
	}
	r, err := gate.Authorize(ctx, call, q)
	if err != nil {
		return err
	}
	c.made(key, r)
	return nil
}

func (c *crowd) keyspace() int { return max(50, len(c.agents)*40) }

// made keeps what was made, and holds each key to one effect.
func (c *crowd) made(key string, r spend.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Replay != nil {
		c.counted["replayed"]++
		return
	}
	a := r.Authorization
	c.counted["decided "+string(a.Status)]++
	if first, again := c.keys[key]; key != "" && again && first != a.ID {
		c.wrong = append(c.wrong, "two effects of "+key)
	}
	if key != "" {
		c.keys[key] = a.ID
	}
	c.counted["authorizations"]++
	if a.Status == spend.Denied {
		return
	}
	m := made{id: a.ID, minor: a.Amount, token: r.Token}
	if r.Approval != nil {
		m.approval = r.Approval.ID
	}
	if c.recent = append(c.recent, m); len(c.recent) > 400 {
		c.recent = c.recent[200:]
	}
}

// move does something to an authorization of lately; several clients may do
// different things to the same one.
func (c *crowd) move(ctx context.Context, gate *spend.Service, random *rand.Rand) error {
	c.mu.Lock()
	if len(c.recent) == 0 {
		c.mu.Unlock()
		return nil
	}
	m := c.recent[random.IntN(len(c.recent))]
	c.mu.Unlock()
	part := money.Number(money.Of(1+random.Int64N(m.minor), "usd").Decimal())
	settler := c.h.call()
	settler.Settles = true
	var err error
	switch dice := random.IntN(100); {
	case m.approval != uuid.Nil && dice < 50:
		v := spend.Ballot{Approval: m.approval, Voter: spend.Voter{Person: c.h.person, Member: c.h.member}, Verdict: spend.ForApproval}
		if dice < 10 {
			v.Verdict = spend.Against
		} else if dice < 25 {
			v.Amount = &part
		}
		_, err = gate.Cast(ctx, c.h.call(), v)
	case dice < 55:
		_, err = gate.Void(ctx, c.h.call(), m.id, "")
	case dice < 75:
		_, err = gate.Confirm(ctx, settler, m.id, &part, "")
	case dice < 80:
		_, err = gate.Confirm(ctx, settler, m.id, nil, "")
	case dice < 85 && m.token != "":
		_, err = gate.Redeem(ctx, settler, m.token)
	case dice < 95:
		_, err = gate.Get(ctx, c.h.call(), m.id, 0)
	default: // its time ends now
		_, err = c.h.pool.Exec(ctx, `WITH held AS (SELECT FROM agents WHERE agent_id = (SELECT agent_id FROM authorizations WHERE authorization_id = $1) FOR NO KEY UPDATE)
			UPDATE authorizations SET expires_at = clock_timestamp() FROM (SELECT count(*) FROM held) h WHERE authorization_id = $1 AND status IN ('pending', 'held')`, m.id)
	}
	return err
}

// yearsPass lets years pass, but not while a limit's history is counted: that
// may take hours, not years.
func (c *crowd) yearsPass(ctx context.Context) error {
	c.years.Lock()
	defer c.years.Unlock()
	return c.h.yearsPass(ctx)
}

// TestNoOverspend does random things from many clients at once, and looks at
// the books all the while: PURSER_OPERATIONS in all, over PURSER_SEEDS seeds.
func TestNoOverspend(t *testing.T) {
	t.Parallel()
	seeds := number(t, "PURSER_SEEDS", 2)
	each := number(t, "PURSER_OPERATIONS", 2400) / seeds
	out := t.Output()
	fmt.Fprintf(out, "%4s %9s %9s %9s %9s %9s %9s %8s %9s\n", "seed", "ops", "decided", "denied", "held", "refused", "replayed", "samples", "wrong")
	wrong := 0
	for seed := range seeds {
		c := runCrowd(t, uint64(seed), each)
		n := c.counted
		fmt.Fprintf(out, "%4d %9d %9d %9d %9d %9d %9d %8d %9d\n", seed, each, n["authorizations"], n["decided denied"], n["decided held"],
			n["refused"], n["replayed"], c.sampled, len(c.wrong))
		wrong += len(c.wrong)
		for _, w := range c.wrong {
			t.Errorf("seed %d: %s", seed, w)
		}
		if n["decided denied"] < each/50 || n["authorizations"]-n["decided denied"] < each/50 {
			t.Errorf("seed %d: too little happened: %v", seed, n)
		}
	}
	fmt.Fprintf(out, "%d operations, %d seeds: overspent, uncounted or done twice: %d\n", each*seeds, seeds, wrong)
}

func runCrowd(t *testing.T, seed uint64, operations int) *crowd {
	h := newHouse(t)
	c := &crowd{h: h, agents: h.agents(10), keys: map[string]uuid.UUID{}, counted: map[string]int{}}
	bounds, policies := crowdBounds(c.agents)
	for _, p := range policies {
		h.policy(p.rules, p.agents...)
	}
	c.gates = []*spend.Service{h.gate, h.replica()}
	c.left.Store(int64(operations))
	looking, stop := context.WithCancel(t.Context())
	defer stop()
	var watch, wait sync.WaitGroup
	watch.Go(func() { c.sampled = h.lookIn(looking, bounds, time.Second/2, c.say) })
	for client := range 48 {
		wait.Go(func() { c.work(t.Context(), rand.New(rand.NewPCG(seed, uint64(client)))) })
	}
	// A limit that is written while all of this goes on counts from the start.
	c.years.Lock()
	h.policy(`[{"type":"limit","period":"month","amount":9000000,"currency":"usd","time_zone":"Asia/Kathmandu"},
		{"type":"limit","period":"total","amount":9000000,"currency":"eur","time_zone":"Asia/Kathmandu"}]`, c.agents[2:7]...)
	c.years.Unlock()
	wait.Wait()
	stop()
	watch.Wait()
	for _, b := range bounds {
		over, err := h.overspent(t.Context(), b)
		report(t.Context(), over, err, c.say)
	}
	found, err := h.unbalanced(t.Context())
	report(t.Context(), found, err, c.say)
	// One whose outcome was not known may be stored, or not.
	answered, stored := c.counted["authorizations"], sum(h.statuses())
	if stored < answered || stored > answered+c.counted["unavailable"] {
		c.say(fmt.Sprintf("%d authorizations were answered and %d are stored", answered, stored))
	}
	return c
}

func sum(counts map[string]int) (all int) {
	for _, n := range counts {
		all += n
	}
	return all
}
