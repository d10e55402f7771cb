package spend_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

func TestApproveConfirmVoid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	r := h.authorize(bot, 6000)
	if a := r.Authorization; a.Decision != policy.Approved || a.Status != spend.Pending || a.ReasonCode != "ok" || r.Token == "" {
		t.Fatalf("%+v", r)
	}
	if r := h.authorize(bot, 4001); r.Authorization.Decision != policy.Denied || r.Authorization.ReasonCode != "limit_exceeded" {
		t.Fatalf("%+v", r.Authorization)
	}
	part := money.Number("25.50")
	c, err := h.gate.Confirm(t.Context(), h.call(), r.Authorization.ID, &part, "inv-1")
	if err != nil || c.Authorization.Status != spend.Confirmed || c.Authorization.Amount != 2550 {
		t.Fatalf("%+v %v", c.Authorization, err)
	}
	h.checkMeters()
	again := h.authorize(bot, 7450)
	if again.Authorization.Decision != policy.Approved {
		t.Fatalf("the released rest is not free: %s", again.Authorization.Reason)
	}
	if _, err := h.gate.Void(t.Context(), h.call(), again.Authorization.ID, "changed my mind"); err != nil {
		t.Fatal(err)
	}
	h.checkMeters()
}

// TestExactlyTheBudget sends 200 agents' requests of one unit each against a
// budget of 100, through two gates that share nothing but the database.
func TestExactlyTheBudget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "company"))
	gates := []*spend.Service{h.gate, h.replica()}
	agents := h.agents(200)
	var approved, denied atomic.Int32
	var wait sync.WaitGroup
	for i, agent := range agents {
		wait.Go(func() {
			r, err := gates[i%2].Authorize(context.Background(), h.call(), ask(agent, 100))
			switch {
			case err != nil:
				t.Error(err)
			case r.Authorization.Decision == policy.Approved:
				approved.Add(1)
			case r.Authorization.ReasonCode == "limit_exceeded":
				denied.Add(1)
			}
		})
	}
	wait.Wait()
	if approved.Load() != 100 || denied.Load() != 100 {
		t.Fatalf("%d approved, %d denied", approved.Load(), denied.Load())
	}
	h.checkMeters()
}

// TestEachAgentsBudget sends eight agents' requests through two gates, in
// batches of several agents, until each has asked for twice what it has.
func TestEachAgentsBudget(t *testing.T) {
	t.Parallel()
	const budget = 20
	h := newHouse(t)
	h.policy(limitRule(budget, "agent"))
	gates := []*spend.Service{h.gate, h.replica()}
	agents := h.agents(8)
	approved := make([]atomic.Int32, len(agents))
	var wait sync.WaitGroup
	for i := range 2 * budget * len(agents) {
		n := i % len(agents)
		wait.Go(func() {
			r, err := gates[i/len(agents)%2].Authorize(context.Background(), h.call(), ask(agents[n], 100))
			if err != nil {
				t.Error(err)
			} else if r.Authorization.Decision == policy.Approved {
				approved[n].Add(1)
			}
		})
	}
	wait.Wait()
	for n := range approved {
		if got := approved[n].Load(); got != budget {
			t.Errorf("agent %d was approved %d times, not %d", n, got, budget)
		}
	}
	h.checkMeters()
}

// TestMetersOfNothing: an agent that has nothing stored any more is compared as
// every other is, and a limit that is made begins with what it really has.
func TestMetersOfNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(20, "agent"))
	bot := h.agent("bot")
	r := h.authorize(bot, 700)
	if _, err := h.gate.Void(t.Context(), h.call(), r.Authorization.ID, ""); err != nil {
		t.Fatal(err)
	}
	h.checkMeters()
	h.exec(`UPDATE meters SET total_reserved = -700 WHERE subject = $1`, bot)
	wrong, err := meter.Reconcile(t.Context(), h.pool, h.tenant)
	if err != nil || len(wrong) != 1 || wrong[0].Subject != bot || wrong[0].Period != meter.Total || wrong[0].Lacks.Reserved != 700 {
		t.Errorf("%+v %v", wrong, err)
	}
}

// TestExpiryFreesTheBudgetAtOnce: no sweeper runs here, and the budget is one
// that another agent's hold uses up.
func TestExpiryFreesTheBudgetAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "company"))
	one, two := h.agent("one"), h.agent("two")
	first := h.authorize(one, 10000).Authorization
	if r := h.authorize(two, 1); r.Authorization.Decision != policy.Denied {
		t.Fatal("the budget is not used up")
	}
	h.expireAll()
	if r := h.authorize(two, 10000); r.Authorization.Decision != policy.Approved {
		t.Fatalf("%s", r.Authorization.Reason)
	}
	r, err := h.gate.Get(t.Context(), h.call(), first.ID, 0)
	if err != nil || r.Authorization.Status != spend.Expired {
		t.Fatalf("%+v %v", r.Authorization, err)
	}
	h.checkMeters()
}

func TestOneKeyOneEffect(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	gates := []*spend.Service{h.gate, h.replica()}
	ids := make(chan string, 40)
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			r, err := gates[i%2].Authorize(context.Background(), h.keyed("k1"), ask(bot, 100))
			if err != nil {
				t.Error(err)
				return
			}
			if r.Token == "" {
				t.Error("a replay without its token")
			}
			if r.Replay != nil {
				ids <- string(r.Replay.Body)
			} else {
				ids <- fmt.Sprintf(`{"id":%q}`, r.Authorization.PublicID())
			}
		})
	}
	wait.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Fatalf("%s and %s", first, id)
		}
	}
	if s := h.statuses(); s["pending"] != 1 {
		t.Fatalf("%v", s)
	}
	other := h.keyed("k1")
	other.Once.Key.BodyHash[0] = 1
	if _, err := h.gate.Authorize(t.Context(), other, ask(bot, 200)); !fault.Is(err, "idempotency_conflict") {
		t.Fatalf("another body: %v", err)
	}
	h.checkMeters()
}

// TestLimitCountsWhatWasBefore writes a limit in the middle of a month, while
// requests are being decided.
func TestLimitCountsWhatWasBefore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"transaction_limit","amount":1000,"currency":"usd"}]`)
	agents := []uuid.UUID{h.agent("a"), h.agent("b"), h.agent("c")}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for i := range 6 {
		wait.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				r, err := h.gate.Authorize(context.Background(), h.call(), ask(agents[i%3], 100))
				if err == nil && n%3 == 0 && r.Authorization.Status == spend.Pending {
					_, err = h.gate.Void(context.Background(), h.call(), r.Authorization.ID, "")
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, zone := range []string{"UTC", "Europe/Berlin", "Pacific/Apia"} {
		time.Sleep(60 * time.Millisecond)
		h.policy(fmt.Sprintf(`[{"type":"limit","period":"day","amount":9000000,"currency":"usd","time_zone":%q},
			{"type":"limit","period":"total","amount":9000000,"currency":"usd","time_zone":%[1]q,"per":"company"}]`, zone))
		h.policy(limitRule(9000000, "company"), agents[0], agents[1])
	}
	time.Sleep(60 * time.Millisecond)
	close(stop)
	wait.Wait()
	h.checkMeters()
	if s := h.statuses(); s["pending"] < 20 || s["voided"] < 10 {
		t.Fatalf("too little happened: %v", s)
	}
}

// TestWhatCannotBeRecordedHasNoEffect: an answer that cannot be written down
// for its key takes its effect with it, and nobody else's.
func TestWhatCannotBeRecordedHasNoEffect(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	var wait sync.WaitGroup
	for i := range 10 {
		wait.Go(func() {
			call := h.keyed(fmt.Sprint("k", i))
			if i == 3 {
				call.Once.Answer = func(spend.Result) (once.Answer, error) { return once.Answer{}, errors.New("no paper") }
			}
			if _, err := h.gate.Authorize(context.Background(), call, ask(bot, 100)); (err != nil) != (i == 3) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wait.Wait()
	if s := h.statuses(); s["pending"] != 9 {
		t.Fatalf("%v", s)
	}
	h.checkMeters()
}
