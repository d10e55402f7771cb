package spend_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// model is the gate as a person would describe it: a list of authorizations,
// and what they add up to. Limits: 100 for each agent, 150 together; above 60
// somebody must approve.
type model struct {
	all []*modelled
}

type modelled struct {
	id     uuid.UUID
	agent  int
	status spend.Status
	minor  int64
}

const (
	perAgent, together, approvalAbove = 10000, 15000, 6000
	modelRules                        = `[{"type":"limit","period":"total","amount":100,"currency":"usd"},
		{"type":"limit","period":"month","amount":150,"currency":"usd","per":"company"},
		{"type":"approval_threshold","amount":60,"currency":"usd"}]`
)

// used is what counts against an agent's limit, or all agents' for -1.
func (m *model) used(agent int) (sum int64) {
	for _, a := range m.all {
		if (agent < 0 || a.agent == agent) && (a.status.Open() || a.status == spend.Confirmed) {
			sum += a.minor
		}
	}
	return sum
}

// answer is what the gate must say to a request.
func (m *model) answer(agent int, minor int64) spend.Status {
	switch {
	case m.used(agent)+minor > perAgent || m.used(-1)+minor > together:
		return spend.Denied
	case minor > approvalAbove:
		return spend.Held
	}
	return spend.Pending
}

// TestGateAgainstModel does random things and compares every answer with the
// model's, and in the end every meter with the authorizations.
func TestGateAgainstModel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(modelRules)
	bots := []uuid.UUID{h.agent("a"), h.agent("b"), h.agent("c")}
	rapid.Check(t, func(r *rapid.T) {
		h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() WHERE status IN ('pending', 'held')`)
		h.exec(`UPDATE authorizations SET created_at = '2020-01-01', amount = 0 WHERE status = 'confirmed'`)
		if err := h.gate.SweepOnce(context.Background()); err != nil {
			r.Fatal(err)
		}
		h.exec(`UPDATE meters SET month_spent = 0, day_spent = 0, week_spent = 0, quarter_spent = 0, year_spent = 0, total_spent = 0`)
		m := &model{}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			h.step(r, m, bots)
		}
		h.checkMeters()
		if t.Failed() {
			r.FailNow()
		}
	})
}

// step does one random thing in both worlds.
func (h *house) step(r *rapid.T, m *model, bots []uuid.UUID) {
	if len(m.all) == 0 || rapid.IntRange(0, 2).Draw(r, "kind") == 0 {
		agent := rapid.IntRange(0, 2).Draw(r, "agent")
		minor := rapid.SampledFrom([]int64{1, 3000, 6000, 6001, 9999, 10000, 10001, 15000}).Draw(r, "minor")
		want := m.answer(agent, minor)
		got, err := h.gate.Authorize(context.Background(), h.call(), ask(bots[agent], minor))
		if err != nil || got.Authorization.Status != want {
			r.Fatalf("%d for agent %d: %v (%v), want %s", minor, agent, got.Authorization, err, want)
		}
		m.all = append(m.all, &modelled{got.Authorization.ID, agent, want, minor})
		return
	}
	h.change(r, m, m.all[rapid.IntRange(0, len(m.all)-1).Draw(r, "which")])
}

func (h *house) change(r *rapid.T, m *model, a *modelled) {
	ctx, action := context.Background(), rapid.SampledFrom([]string{"confirm", "confirm less", "void", "expire", "approve", "approve less", "deny"}).Draw(r, "action")
	want, minor := a.status, a.minor
	var err error
	switch action {
	case "confirm":
		want = moved(a.status, spend.Confirmed, spend.Pending)
		_, err = h.gate.Confirm(ctx, h.call(), a.id, nil, "")
	case "confirm less":
		half := money.Number(fmt.Sprintf("%d.%02d", a.minor/200, a.minor/2%100))
		if a.minor < 2 {
			return
		}
		if want = moved(a.status, spend.Confirmed, spend.Pending); want != a.status {
			minor = a.minor / 2
		}
		_, err = h.gate.Confirm(ctx, h.call(), a.id, &half, "")
	case "void":
		want = moved(a.status, spend.Voided, spend.Pending, spend.Held)
		_, err = h.gate.Void(ctx, h.call(), a.id, "")
	case "expire":
		want = moved(a.status, spend.Expired, spend.Pending, spend.Held)
		h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() WHERE authorization_id = $1 AND status IN ('pending', 'held')`, a.id)
	default:
		if a.status != spend.Held {
			return
		}
		want, minor = h.decide(r, action, a)
	}
	if err != nil && fault.From(err).Kind != fault.Conflict {
		r.Fatal(err)
	}
	got, err := h.gate.Get(ctx, h.call(), a.id, 0)
	if err != nil || got.Authorization.Status != want || got.Authorization.Amount != minor {
		r.Fatalf("%s of %s: %s %d (%v), want %s %d", action, a.status, got.Authorization.Status, got.Authorization.Amount, err, want, minor)
	}
	a.status, a.minor = want, minor
}

// decide lets the owner decide a held authorization.
func (h *house) decide(r *rapid.T, action string, a *modelled) (spend.Status, int64) {
	got, err := h.gate.Get(context.Background(), h.call(), a.id, 0)
	if err != nil {
		r.Fatal(err)
	}
	v := spend.Ballot{Approval: got.Approval.ID, Voter: spend.Voter{Person: h.person, Member: h.member}, Verdict: spend.ForApproval}
	status, minor := spend.Pending, a.minor
	switch action {
	case "approve less":
		less := money.Number("10.00")
		v.Amount, minor = &less, 1000
	case "deny":
		v.Verdict, status = spend.Against, spend.Denied
	}
	d, err := h.gate.Cast(context.Background(), h.call(), v)
	if err != nil {
		r.Fatal(err)
	}
	if status == spend.Pending && d.Authorization.Decision != policy.Approved {
		r.Fatalf("approved, yet %s", d.Authorization.Decision)
	}
	return status, minor
}

// moved is the status after a move that only some statuses permit.
func moved(from, to spend.Status, permitted ...spend.Status) spend.Status {
	for _, p := range permitted {
		if from == p {
			return to
		}
	}
	return from
}
