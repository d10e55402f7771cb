package spend_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/linear"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

// teller asks several gates on one database, each call one at random.
type teller struct {
	h      *house
	gates  []*spend.Service
	agents []uuid.UUID

	mu      sync.Mutex
	numbers map[string]int // public ids, from 1
	ids     [linear.Slots]uuid.UUID
}

func newTeller(h *house, l linear.Limits, gates int) *teller {
	g := &teller{h: h, numbers: map[string]int{}}
	h.policy(fmt.Sprintf(`[{"type":"limit","period":"total","amount":%d,"currency":"usd"},
		{"type":"limit","period":"year","amount":%d,"currency":"usd","per":"company"},
		{"type":"approval_threshold","amount":%d,"currency":"usd"}]`, l.PerAgent/100, l.Together/100, l.Threshold/100))
	for i := range linear.Agents {
		g.agents = append(g.agents, h.agent(fmt.Sprint("agent-", i)))
	}
	for range gates {
		g.gates = append(g.gates, h.replica())
	}
	return g
}

// Do asks one of the gates.
func (g *teller) Do(ctx context.Context, in linear.Input) linear.Output {
	gate := g.gates[rand.IntN(len(g.gates))]
	switch in.Kind {
	case linear.Authorize:
		return g.authorize(ctx, gate, in)
	case linear.Budget:
		return g.budget(ctx, gate, in)
	case linear.Freeze, linear.Unfreeze:
		return g.told(ctx, g.freeze(ctx, in))
	case linear.Expire:
		return g.told(ctx, g.expire(ctx, in))
	}
	r, err := g.move(ctx, gate, in)
	if err != nil {
		return g.told(ctx, err)
	}
	return linear.Output{Status: r.Authorization.Status[0], Minor: r.Authorization.Amount}
}

// told is what an error says; one that leaves the outcome open is no answer.
func (g *teller) told(ctx context.Context, err error) linear.Output {
	f := fault.From(err)
	switch {
	case err == nil:
		return linear.Output{}
	case f.Code == linear.NothingDone:
		return linear.Output{Code: f.Code}
	case f.Kind == fault.Unavailable, f.Code == "idempotency_in_flight", ctx.Err() != nil:
		return linear.Output{Unknown: true}
	}
	return linear.Output{Code: f.Code}
}

func (g *teller) authorize(ctx context.Context, gate *spend.Service, in linear.Input) linear.Output {
	q := ask(g.agents[in.Agent], in.Minor)
	if in.Auto {
		q.Capture = spend.Auto
	}
	r, err := gate.Authorize(ctx, g.h.keyed(fmt.Sprint("slot-", in.Slot)), q)
	if err != nil {
		return g.told(ctx, err)
	}
	if r.Replay != nil {
		id := strings.TrimSuffix(strings.TrimPrefix(string(r.Replay.Body), `{"id":"`), `"}`)
		return linear.Output{Replayed: true, ID: g.number(in.Slot, id)}
	}
	a := r.Authorization
	return linear.Output{ID: g.number(in.Slot, a.PublicID()), Status: a.Status[0], Minor: a.Amount}
}

// number tells authorizations apart, and keeps which one a slot has.
func (g *teller) number(slot int, id string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.numbers[id] == 0 {
		g.numbers[id] = len(g.numbers) + 1
	}
	g.ids[slot], _ = ident.Parse(ident.Authorization, id)
	return g.numbers[id]
}

func (g *teller) id(slot int) uuid.UUID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ids[slot]
}

func (g *teller) move(ctx context.Context, gate *spend.Service, in linear.Input) (spend.Result, error) {
	id, call := g.id(in.Slot), g.h.call()
	var amount *money.Number
	if in.Minor > 0 {
		n := money.Number(money.Of(in.Minor, "usd").Decimal())
		amount = &n
	}
	switch in.Kind {
	case linear.Confirm:
		return gate.Confirm(ctx, call, id, amount, "")
	case linear.Void:
		return gate.Void(ctx, call, id, "")
	}
	r, err := gate.Get(ctx, call, id, 0)
	if err != nil || in.Kind == linear.Look {
		return r, err
	}
	if r.Approval == nil {
		return r, fault.New(fault.Conflict, "authorization_"+string(r.Authorization.Status), "")
	}
	v := spend.Ballot{Approval: r.Approval.ID, Voter: spend.Voter{Person: g.h.person, Member: g.h.member}, Verdict: spend.ForApproval, Amount: amount}
	if in.Kind == linear.Deny {
		v.Verdict = spend.Against
	}
	return gate.Cast(ctx, call, v)
}

func (g *teller) budget(ctx context.Context, gate *spend.Service, in linear.Input) linear.Output {
	budgets, err := gate.Budget(ctx, g.h.tenant, g.agents[in.Agent], "")
	if err != nil {
		return g.told(ctx, err)
	}
	var out linear.Output
	for _, l := range budgets[0].Limits {
		if l.Per == "company" {
			out.AllSpent, out.AllReserved = l.Spent, l.Reserved
		} else {
			out.Spent, out.Reserved = l.Spent, l.Reserved
		}
	}
	return out
}

// freeze changes the agent as the company's pages do: the mode's lock first.
func (g *teller) freeze(ctx context.Context, in linear.Input) error {
	return g.h.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM company_modes WHERE company_id = $1 AND live FOR UPDATE`, g.h.tenant.Company); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE agents SET status = $2 WHERE agent_id = $1`, g.agents[in.Agent],
			map[linear.Kind]string{linear.Freeze: "frozen", linear.Unfreeze: "active"}[in.Kind])
		return err
	})
}

// expire ends a hold's time now, while no gate works on it.
func (g *teller) expire(ctx context.Context, in linear.Input) error {
	return g.h.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM agents WHERE agent_id = $1 FOR NO KEY UPDATE`, g.agents[in.Agent]); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE authorizations SET expires_at = clock_timestamp()
			WHERE authorization_id = $1 AND status IN ('pending', 'held')`, g.id(in.Slot))
		return err
	})
}

// TestAnswersAreLinearizable lets clients fight over few agents with tight
// limits, through two gates on one database, and looks for an order of their
// calls that explains every answer.
func TestAnswersAreLinearizable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits linear.Limits
		shared bool
		load   linear.Load
	}{
		"each its own": {linear.Limits{PerAgent: 10000, Together: 100000000, Threshold: 5000}, false,
			linear.Load{Clients: 12, Calls: 40, Agents: 3, Hurry: 5}},
		"one together": {linear.Limits{PerAgent: 20000, Together: 16000, Threshold: 5000}, true,
			linear.Load{Clients: 6, Calls: 40, Agents: 3, Hurry: 5}},
	} {
		for i := range number(t, "PURSER_HISTORIES", 3) {
			t.Run(fmt.Sprint(name, " ", i), func(t *testing.T) {
				t.Parallel()
				g := newTeller(newHouse(t), c.limits, 2)
				load := c.load
				load.Limits, load.Seed = c.limits, uint64(i)
				history := linear.Run(t.Context(), g, load)
				if err := linear.Check(history, c.limits, c.shared, time.Minute); err != nil {
					t.Fatal(err)
				}
				g.h.checkMeters()
			})
		}
	}
}
