package spend_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
)

// TestOneStatementLocksInTheOrderOfAll has a mode held while the gate's statement
// for one agent wants it: the agent must not be locked before, or two
// transactions could wait for each other; and what has changed meanwhile must be
// seen, or a freeze would come too late.
func TestOneStatementLocksInTheOrderOfAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bot := h.agent("bot")
	freezing, err := h.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = freezing.Rollback(context.Background()) }() // it is committed below, unless the test fails
	if _, err := freezing.Exec(t.Context(), `UPDATE company_modes SET epoch = epoch + 1, frozen_at = now() WHERE company_id = $1 AND live`, h.tenant.Company); err != nil {
		t.Fatal(err)
	}
	type locked struct {
		rows []db.LockAgentRow
		err  error
	}
	done := make(chan locked)
	go func() {
		var l locked
		l.err = h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
			l.rows, err = db.New(tx).LockAgent(ctx, h.tenant.Company, h.tenant.Live, bot)
			return err
		})
		done <- l
	}()
	h.awaitWaiter(freezing)
	// The agent is free: who locks in the same order gets it.
	if _, err := freezing.Exec(t.Context(), `SELECT FROM agents WHERE agent_id = $1 FOR UPDATE NOWAIT`, bot); err != nil {
		t.Fatalf("the agent is locked before its mode: %v", err)
	}
	if _, err := freezing.Exec(t.Context(), `UPDATE agents SET status = 'frozen', handle = 'other' WHERE agent_id = $1`, bot); err != nil {
		t.Fatal(err)
	}
	if err := freezing.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := <-done
	if l.err != nil || len(l.rows) != 1 || l.rows[0].Epoch != 2 || l.rows[0].FrozenAt == nil || l.rows[0].Status != "frozen" || l.rows[0].Handle != "other" {
		t.Fatalf("%+v, %v", l.rows, l.err)
	}
}

// awaitWaiter waits until another transaction waits for this one.
func (h *house) awaitWaiter(tx pgx.Tx) {
	h.t.Helper()
	for range 1000 {
		var waits bool
		if err := tx.QueryRow(h.t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Scan(&waits); err != nil {
			h.t.Fatal(err)
		}
		if waits {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatal("nobody waits")
}

// TestSharersDoNotPass: decisions that overlap without end, as those of several
// servers do, let a freeze take its turn.
func TestSharersDoNotPass(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const decision = 20 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	var deciding sync.WaitGroup
	for i, bot := range h.agents(4) {
		deciding.Go(func() {
			time.Sleep(time.Duration(i) * decision / 4)
			for ctx.Err() == nil {
				err := h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
					q := db.New(tx)
					var err error
					if i%2 == 0 { // both ways in which the gate locks a mode
						_, err = q.LockAgent(ctx, h.tenant.Company, h.tenant.Live, bot)
					} else {
						_, err = q.ShareModes(ctx, []uuid.UUID{h.tenant.Company}, []bool{h.tenant.Live})
					}
					time.Sleep(decision)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	time.Sleep(10 * decision)
	for range 5 {
		began := time.Now()
		err := h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := db.New(tx).LockCompanyMode(ctx, h.tenant.Company, h.tenant.Live)
			return err
		})
		if waited := time.Since(began); err != nil || waited > time.Second {
			t.Errorf("a freeze waited %v: %v", waited, err)
		}
	}
	stop()
	deciding.Wait()
}
