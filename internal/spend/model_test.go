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
// and what they add up to. Limits: 100 for each agent for ever, 150 together
// each month; above 60 somebody must approve.
type model struct {
	gates  []*spend.Service
	all    []*modelled
	era    int // how often a year has passed
	frozen [3]bool
}

type modelled struct {
	id       uuid.UUID
	agent    int
	status   spend.Status
	minor    int64
	era      int
	auto     bool
	redeemed bool
}

const (
	perAgent, together, approvalAbove = 10000, 15000, 6000
	modelRules                        = `[{"type":"limit","period":"total","amount":100,"currency":"usd"},
		{"type":"limit","period":"month","amount":150,"currency":"usd","per":"company"},
		{"type":"approval_threshold","amount":60,"currency":"usd"}]`
)

// used is what counts against an agent's limit, or all agents' for -1.
func (m *model) used(agent int, without *modelled) (sum int64) {
	for _, a := range m.all {
		mine := agent < 0 && a.era == m.era || a.agent == agent
		if mine && a != without && (a.status.Open() || a.status == spend.Confirmed) {
			sum += a.minor
		}
	}
	return sum
}

func (m *model) allows(agent int, minor int64, without *modelled) bool {
	return m.used(agent, without)+minor <= perAgent && m.used(-1, without)+minor <= together && !m.frozen[agent]
}

// answer is what the gate must say to a request.
func (m *model) answer(agent int, minor int64, auto bool) spend.Status {
	switch {
	case !m.allows(agent, minor, nil):
		return spend.Denied
	case minor > approvalAbove:
		return spend.Held
	case auto:
		return spend.Confirmed
	}
	return spend.Pending
}

// TestGateAgainstModel does random things through two gates and compares every
// answer with the model's, and in the end every meter with the authorizations.
func TestGateAgainstModel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(modelRules)
	bots := []uuid.UUID{h.agent("a"), h.agent("b"), h.agent("c")}
	gates := []*spend.Service{h.gate, h.replica()}
	rapid.Check(t, func(r *rapid.T) {
		h.clean(r)
		m := &model{gates: gates}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			h.step(r, m, bots)
		}
		h.checkMeters()
		if t.Failed() {
			r.FailNow()
		}
	})
}

// clean ends and empties everything of the checks before.
func (h *house) clean(r *rapid.T) {
	h.exec(`UPDATE agents SET status = 'active'`)
	h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() WHERE status IN ('pending', 'held')`)
	if err := h.gate.SweepOnce(context.Background()); err != nil {
		r.Fatal(err)
	}
	h.exec(`UPDATE authorizations SET created_at = '2020-01-01', amount = 0 WHERE status = 'confirmed'`)
	h.exec(`UPDATE meters SET month_spent = 0, day_spent = 0, week_spent = 0, quarter_spent = 0, year_spent = 0, total_spent = 0`)
}

// step does one random thing in both worlds.
func (h *house) step(r *rapid.T, m *model, bots []uuid.UUID) {
	switch kind := rapid.IntRange(0, 11).Draw(r, "kind"); {
	case kind == 0:
		h.ground(r, m, bots)
	case kind < 5 || len(m.all) == 0:
		h.ask(r, m, bots)
	default:
		h.change(r, m, m.all[rapid.IntRange(0, len(m.all)-1).Draw(r, "which")])
	}
}

// ground changes what decisions stand on.
func (h *house) ground(r *rapid.T, m *model, bots []uuid.UUID) {
	ctx := context.Background()
	switch rapid.IntRange(0, 3).Draw(r, "ground") {
	case 0:
		if err := h.yearsPass(ctx); err != nil {
			r.Fatal(err)
		}
		m.era++
	case 1:
		zone := rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "Pacific/Apia"}).Draw(r, "zone")
		if err := h.gate.PrepareZone(ctx, h.tenant.Company, zone); err != nil {
			r.Fatal(err)
		}
		h.exec(`UPDATE companies SET time_zone = $1`, zone)
		h.exec(`UPDATE company_modes SET epoch = epoch + 1`)
	case 2:
		i := rapid.IntRange(0, 2).Draw(r, "frozen")
		m.frozen[i] = true
		h.exec(`UPDATE agents SET status = 'frozen' WHERE agent_id = $1`, bots[i])
	default:
		m.frozen = [3]bool{}
		h.exec(`UPDATE agents SET status = 'active'`)
	}
}

func (m *model) gate(r *rapid.T) *spend.Service { return rapid.SampledFrom(m.gates).Draw(r, "gate") }

// ask requests, first without any effect.
func (h *house) ask(r *rapid.T, m *model, bots []uuid.UUID) {
	agent := rapid.IntRange(0, 2).Draw(r, "agent")
	minor := rapid.SampledFrom([]int64{1, 3000, 6000, 6001, 9999, 10000, 10001, 15000}).Draw(r, "minor")
	q := ask(bots[agent], minor)
	if rapid.IntRange(0, 3).Draw(r, "auto") == 0 {
		q.Capture = spend.Auto
	}
	want := m.answer(agent, minor, q.Capture == spend.Auto)
	for _, q.DryRun = range []bool{true, false} {
		got, err := m.gate(r).Authorize(context.Background(), h.call(), q)
		if err != nil || got.Authorization.Status != want {
			r.Fatalf("%d for agent %d: %v (%v), want %s", minor, agent, got.Authorization, err, want)
		}
		if !q.DryRun {
			m.all = append(m.all, &modelled{id: got.Authorization.ID, agent: agent, status: want, minor: minor, era: m.era, auto: q.Capture == spend.Auto})
		}
	}
}

func (h *house) change(r *rapid.T, m *model, a *modelled) {
	ctx, action := context.Background(), rapid.SampledFrom([]string{"confirm", "confirm less", "void", "expire", "redeem", "approve", "approve less", "deny"}).Draw(r, "action")
	want, minor := a.status, a.minor
	movable := spend.Pending // what an agent may confirm or void
	if a.redeemed {
		movable = ""
	}
	var err error
	switch action {
	case "confirm":
		want = moved(a.status, spend.Confirmed, movable)
		_, err = m.gate(r).Confirm(ctx, h.call(), a.id, nil, "")
	case "confirm less":
		half := money.Number(fmt.Sprintf("%d.%02d", a.minor/200, a.minor/2%100))
		if a.minor < 2 {
			return
		}
		if want = moved(a.status, spend.Confirmed, movable); want != a.status {
			minor = a.minor / 2
		}
		_, err = m.gate(r).Confirm(ctx, h.call(), a.id, &half, "")
	case "void":
		want = moved(a.status, spend.Voided, movable, spend.Held)
		_, err = m.gate(r).Void(ctx, h.call(), a.id, "")
	case "expire":
		want = moved(a.status, spend.Expired, spend.Pending, spend.Held)
		h.endTime(a.id)
	case "redeem":
		if a.status != spend.Pending {
			return
		}
		err = h.redeem(r, m, a)
	default:
		if a.status != spend.Held {
			return
		}
		want, minor = h.decide(r, m, action, a)
	}
	if err != nil && fault.From(err).Kind != fault.Conflict {
		r.Fatal(err)
	}
	got, err := m.gate(r).Get(ctx, h.call(), a.id, 0)
	if err != nil || got.Authorization.Status != want || got.Authorization.Amount != minor {
		r.Fatalf("%s of %s: %s %d (%v), want %s %d", action, a.status, got.Authorization.Status, got.Authorization.Amount, err, want, minor)
	}
	a.status, a.minor = want, minor
}

// redeem lets a processor claim the token, which it can once.
func (h *house) redeem(r *rapid.T, m *model, a *modelled) error {
	got, err := m.gate(r).Get(context.Background(), h.call(), a.id, 0)
	if err != nil {
		return err
	}
	_, err = m.gate(r).Redeem(context.Background(), h.call(), got.Token)
	if (err == nil) == a.redeemed {
		r.Fatalf("redeemed before %t: %v", a.redeemed, err)
	}
	a.redeemed = true
	return err
}

// decide lets the owner decide a held authorization. The rules of now apply,
// without what the request itself holds.
func (h *house) decide(r *rapid.T, m *model, action string, a *modelled) (spend.Status, int64) {
	got, err := m.gate(r).Get(context.Background(), h.call(), a.id, 0)
	if err != nil {
		r.Fatal(err)
	}
	v := spend.Ballot{Approval: got.Approval.ID, Voter: spend.Voter{Person: h.person, Member: h.member}, Verdict: spend.ForApproval}
	status, minor := spend.Pending, a.minor
	if a.auto {
		status = spend.Confirmed
	}
	switch action {
	case "approve less":
		less := money.Number("10.00")
		v.Amount, minor = &less, 1000
	case "deny":
		v.Verdict, status = spend.Against, spend.Denied
	}
	d, err := m.gate(r).Cast(context.Background(), h.call(), v)
	if status != spend.Denied && !m.allows(a.agent, minor, a) {
		if fault.From(err).Kind != fault.Conflict {
			r.Fatalf("approved against the rules of now: %v", err)
		}
		return a.status, a.minor
	}
	if err != nil {
		r.Fatal(err)
	}
	if status != spend.Denied && d.Authorization.Decision != policy.Approved {
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
