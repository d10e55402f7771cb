package spend_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// holding keeps a row lock while fn runs.
func (h *house) holding(sql string, arg any, fn func()) {
	h.t.Helper()
	err := h.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sql, arg); err != nil {
			return err
		}
		fn()
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

const (
	lockMode  = `SELECT FROM company_modes WHERE company_id = $1 AND live FOR UPDATE`
	lockAgent = `SELECT FROM agents WHERE agent_id = $1 FOR NO KEY UPDATE`
)

// inOneBatch gets the calls decided in one transaction, in their order: they
// queue up while an earlier one of the same agent is held up.
func (h *house) inOneBatch(bot uuid.UUID, calls ...func()) {
	h.t.Helper()
	var wait sync.WaitGroup
	h.holding(lockMode, h.tenant.Company, func() {
		first := ask(bot, 1)
		first.DryRun = true
		wait.Go(func() {
			if _, err := h.gate.Authorize(context.Background(), h.call(), first); err != nil {
				h.t.Error(err)
			}
		})
		h.until("the first is held up", func() bool { return h.heldUp() == 1 })
		for i, call := range calls {
			wait.Go(call)
			h.until("it is queued", func() bool { return h.gate.Queued() == i+1 })
		}
		time.Sleep(20 * time.Millisecond) // who gives up, gives up
	})
	wait.Wait()
}

// heldUp is how many rows of the database somebody waits for.
func (h *house) heldUp() (n int) {
	h.t.Helper()
	err := h.pool.QueryRow(context.Background(), `SELECT count(*) FROM pg_locks
		WHERE locktype = 'tuple' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&n)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) until(what string, is func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Error("waited in vain until " + what)
			return
		}
	}
}

// TestWhoGivesUpInTimeSpendsNothing: a caller that was told that nothing was
// reserved can rely on it.
func TestWhoGivesUpInTimeSpendsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	h.inOneBatch(bot, func() {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer stop()
		if _, err := h.gate.Authorize(ctx, h.call(), ask(bot, 100)); !fault.Is(err, "overloaded") {
			t.Errorf("%v", err)
		}
	})
	h.authorize(bot, 10000) // all of it is there
	if n := h.statuses()["pending"]; n != 1 {
		t.Fatalf("%d authorizations", n)
	}
}

// TestABatchSeesItsOwnPast: what one request does, the next one of the same
// transaction knows.
func TestABatchSeesItsOwnPast(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"duplicate","window":"10m","effect":"deny"},{"type":"limit","period":"day","amount":100,"currency":"usd"}]`)
	bot := h.agent("bot")
	old := h.authorize(bot, 6000).Authorization.ID
	var again, third spend.Result
	var errs [3]error
	h.inOneBatch(bot,
		func() { _, errs[0] = h.gate.Void(context.Background(), h.call(), old, "") },
		func() { again, errs[1] = h.gate.Authorize(context.Background(), h.call(), ask(bot, 6000)) },
		func() { third, errs[2] = h.gate.Authorize(context.Background(), h.call(), ask(bot, 4001)) })
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	if a := again.Authorization; a.Decision != policy.Approved {
		t.Errorf("after its twin was voided: %s", a.Reason)
	}
	if a := third.Authorization; a.ReasonCode != "limit_exceeded" {
		t.Errorf("60 of 100 are taken: %+v", a)
	}
	h.checkMeters()
}

// TestAKeyTwiceInOneBatch: the second waits for the first one's record.
func TestAKeyTwiceInOneBatch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	var results [2]spend.Result
	var errs [2]error
	call := func(i int) func() {
		return func() { results[i], errs[i] = h.gate.Authorize(context.Background(), h.keyed("k"), ask(bot, 100)) }
	}
	h.inOneBatch(bot, call(0), call(1))
	if errs[0] != nil || errs[1] != nil || results[0].Replay != nil || results[1].Replay == nil {
		t.Fatalf("%+v %v", results, errs)
	}
	if n := h.statuses()["pending"]; n != 1 {
		t.Fatalf("%d authorizations", n)
	}
}

// waits reports whether fn ends only when the lock that it must wait for goes.
func (h *house) waits(sql string, arg any, fn func() error) bool {
	ended, early := make(chan error, 1), false
	h.holding(sql, arg, func() {
		go func() { ended <- fn() }()
		select {
		case err := <-ended:
			early = true
			ended <- err
		case <-time.After(400 * time.Millisecond):
		}
	})
	if err := <-ended; err != nil {
		h.t.Error(err)
	}
	return !early
}

// TestTheGroundDoesNotMoveUnderADecision: while a decision is under way, nobody
// may change what it stands on; and a decision waits while somebody does.
func TestTheGroundDoesNotMoveUnderADecision(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	h.holding(lockAgent, bot, func() {
		decided := make(chan error, 1)
		go func() {
			_, err := h.gate.Authorize(context.Background(), h.call(), ask(bot, 100))
			decided <- err
		}()
		h.until("the decision waits for the agent", func() bool { return h.heldUp() == 1 })
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		if _, err := h.pool.Exec(ctx, `SELECT FROM company_modes WHERE company_id = $1 AND live FOR UPDATE`, h.tenant.Company); err == nil {
			t.Error("a policy could have been written beside a decision")
		}
		if len(decided) > 0 {
			t.Errorf("decided without the agent's row: %v", <-decided)
		}
	})
	if !h.waits(lockMode, h.tenant.Company, func() error {
		_, err := h.gate.Authorize(context.Background(), h.call(), ask(bot, 100))
		return err
	}) {
		t.Error("decided while the ground was being changed")
	}
	h.checkMeters()
}

// TestHistoryWaitsForDecisions: what is added under an agent's meters, or under
// a shared one, is added while no decision has read them.
func TestHistoryWaitsForDecisions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"transaction_limit","amount":1000,"currency":"usd"}]`)
	bot := h.agent("bot")
	h.authorize(bot, 100)
	if !h.waits(lockAgent, bot, func() error {
		return meter.Prepare(context.Background(), h.pool, h.tenant, []meter.Scope{{Kind: meter.ScopeAgent, Currency: "usd", Zone: "UTC"}})
	}) {
		t.Error("an agent's meter was written beside a decision")
	}
	h.checkMeters()
}
