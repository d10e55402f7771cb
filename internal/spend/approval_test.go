package spend_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// holder is a house where everything above 50 dollars waits for people.
func holder(t *testing.T, rules string) (*house, uuid.UUID) {
	h := newHouse(t)
	h.policy(rules)
	return h, h.agent("bot")
}

const threshold = `[{"type":"approval_threshold","amount":50,"currency":"usd"},{"type":"limit","period":"month","amount":200,"currency":"usd"}]`

func (h *house) cast(r spend.Result, member, person uuid.UUID, change func(*spend.Ballot)) (spend.Result, error) {
	v := spend.Ballot{Approval: r.Approval.ID, Voter: spend.Voter{Person: person, Member: member}, Verdict: spend.ForApproval}
	if change != nil {
		change(&v)
	}
	return h.gate.Cast(h.t.Context(), h.call(), v)
}

func TestApproveLessGivesTheRestBack(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	r := h.authorize(bot, 15000)
	if a := r.Authorization; a.Status != spend.Held || a.ReasonCode != "approval_required" || r.Token != "" {
		t.Fatalf("%+v", a)
	}
	if other := h.authorize(bot, 5001); other.Authorization.Decision != policy.Denied {
		t.Fatal("a held request has no budget reserved")
	}
	less := money.Number("60")
	d, err := h.cast(r, h.member, h.person, func(v *spend.Ballot) { v.Amount = &less; v.Shown = r.Approval.Digest })
	if err != nil || d.Authorization.Status != spend.Pending || d.Authorization.Amount != 6000 || d.Approval.Status != "approved" {
		t.Fatalf("%+v %v", d.Authorization, err)
	}
	if until := d.Authorization.ExpiresAt.Sub(d.Authorization.DecidedAt); until != 15*time.Minute {
		t.Fatalf("it expires %v after the decision", until)
	}
	got, err := h.gate.Get(t.Context(), h.call(), r.Authorization.ID, 0)
	if err != nil || got.Token == "" || got.Authorization.Amount != 6000 {
		t.Fatalf("%+v %v", got, err)
	}
	if other := h.authorize(bot, 5000); other.Authorization.Decision != policy.Approved {
		t.Fatalf("what was not approved is not free: %s", other.Authorization.Reason)
	}
	h.checkMeters()
}

func TestWhoMayApprove(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd","approvals":2,"approvers":["role:approver"]}]`)
	a1, p1 := h.addMember("approver")
	a2, p2 := h.addMember("approver")
	viewer, pv := h.addMember("viewer")
	r := h.authorize(bot, 6000)
	for name, c := range map[string]struct {
		member, person uuid.UUID
	}{"an owner, where the rule names approvers": {h.member, h.person}, "a viewer": {viewer, pv},
		"somebody else's member id": {a1, p2}, "nobody": {ident.New(), ident.New()}} {
		if _, err := h.cast(r, c.member, c.person, nil); !fault.Is(err, "not_an_approver") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d, err := h.cast(r, a1, p1, nil); err != nil || d.Authorization.Status != spend.Held {
		t.Fatalf("after one of two: %v %v", d.Authorization, err)
	}
	if _, err := h.cast(r, a1, p1, nil); !fault.Is(err, "already_voted") {
		t.Fatalf("twice: %v", err)
	}
	if _, err := h.cast(r, a2, p2, func(v *spend.Ballot) { v.Shown = "something else" }); !fault.Is(err, "approval_changed") {
		t.Fatalf("changed: %v", err)
	}
	if d, err := h.cast(r, a2, p2, nil); err != nil || d.Authorization.Status != spend.Pending || len(d.Approval.Votes) != 2 {
		t.Fatalf("after two of two: %v %v", d.Authorization, err)
	}
	if _, err := h.cast(r, a2, p2, nil); !fault.Is(err, "authorization_pending") || !strings.Contains(fault.From(err).Text, "mem_") {
		t.Fatalf("who decided is not said: %v", err)
	}
}

func TestNobodyApprovesTheirOwn(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	own := h.call()
	own.Actor = audit.Member(h.member, "req")
	r, err := h.gate.Authorize(t.Context(), own, ask(bot, 6000))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.cast(r, h.member, h.person, nil); !fault.Is(err, "own_request") {
		t.Fatalf("%v", err)
	}
}

func TestTwoPeopleAtTheSameInstant(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	m2, p2 := h.addMember("admin")
	for range 10 {
		r := h.authorize(bot, 5100)
		var wait sync.WaitGroup
		errs := make([]error, 2)
		wait.Go(func() { _, errs[0] = h.cast(r, h.member, h.person, nil) })
		wait.Go(func() {
			_, errs[1] = h.cast(r, m2, p2, func(v *spend.Ballot) { v.Verdict = spend.Against })
		})
		wait.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one decision and one conflict: %v", errs)
		}
		for _, err := range errs {
			if err != nil && fault.From(err).Kind != fault.Conflict {
				t.Fatal(err)
			}
		}
		if errs[0] == nil {
			if _, err := h.gate.Void(t.Context(), h.call(), r.Authorization.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.checkMeters()
}

func TestApprovingAppliesTheRulesOfNow(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	r := h.authorize(bot, 19000)
	h.exec(`UPDATE company_modes SET frozen_at = now() WHERE company_id = $1 AND live`, h.tenant.Company)
	if _, err := h.cast(r, h.member, h.person, nil); !fault.Is(err, "company_frozen") {
		t.Fatalf("frozen: %v", err)
	}
	h.exec(`UPDATE company_modes SET frozen_at = NULL WHERE company_id = $1 AND live`, h.tenant.Company)
	h.policy(`[{"type":"merchant","mode":"block","values":["aws"]}]`)
	if _, err := h.cast(r, h.member, h.person, nil); !fault.Is(err, "merchant_blocked") || fault.From(err).Kind != fault.Conflict {
		t.Fatalf("blocked since: %v", err)
	}
	h.exec(`UPDATE policies SET status = 'archived', epoch = 1000 WHERE rules::text LIKE '%merchant%'`)
	h.exec(`UPDATE company_modes SET epoch = 1000`)
	// 190 of 200 are its own reservation: they must not count against it.
	if d, err := h.cast(r, h.member, h.person, nil); err != nil || d.Authorization.Status != spend.Pending {
		t.Fatalf("%v", err)
	}
}

func TestHeldOnesExpire(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	r := h.authorize(bot, 19000)
	h.expireAll()
	if _, err := h.cast(r, h.member, h.person, nil); !fault.Is(err, "authorization_expired") {
		t.Fatalf("%v", err)
	}
	got, err := h.gate.Approval(t.Context(), h.tenant, r.Approval.ID)
	if err != nil || got.Approval.Status != "expired" {
		t.Fatalf("%+v %v", got.Approval, err)
	}
	h.checkMeters()
}

func TestWaitingEndsWithTheDecision(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	r := h.authorize(bot, 6000)
	decided := make(chan spend.Result)
	go func() {
		got, err := h.replica().Get(context.Background(), h.call(), r.Authorization.ID, 20*time.Second)
		if err != nil {
			t.Error(err)
		}
		decided <- got
	}()
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	if _, err := h.cast(r, h.member, h.person, nil); err != nil {
		t.Fatal(err)
	}
	if got := <-decided; got.Authorization.Status != spend.Pending || got.Token == "" {
		t.Fatalf("%+v", got.Authorization)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Fatalf("the caller waited %v after the decision", took)
	}
}

func TestAutoCaptureAfterApproval(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	q := ask(bot, 6000)
	q.Capture = spend.Auto
	r, err := h.gate.Authorize(t.Context(), h.call(), q)
	if err != nil || r.Authorization.Status != spend.Held {
		t.Fatalf("%+v %v", r.Authorization, err)
	}
	if d, err := h.cast(r, h.member, h.person, nil); err != nil || d.Authorization.Status != spend.Confirmed {
		t.Fatalf("%+v %v", d.Authorization, err)
	}
	h.checkMeters()
}

// TestApprovingKnowsThePast: the rules of now ask what the company has paid
// before and what else is under way.
func TestApprovingKnowsThePast(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	paid := h.authorize(bot, 1000)
	if _, err := h.gate.Confirm(t.Context(), h.call(), paid.Authorization.ID, nil, ""); err != nil {
		t.Fatal(err)
	}
	first, second := h.authorize(bot, 5100), h.authorize(bot, 5100)
	h.policy(`[{"type":"new_merchant","effect":"deny"},{"type":"duplicate","window":"1h","effect":"deny"}]`)
	if _, err := h.cast(first, h.member, h.person, nil); !fault.Is(err, "duplicate") {
		t.Fatalf("its twin is held too: %v", err)
	}
	if _, err := h.gate.Void(t.Context(), h.call(), second.Authorization.ID, ""); err != nil {
		t.Fatal(err)
	}
	if d, err := h.cast(first, h.member, h.person, nil); err != nil || d.Authorization.Status != spend.Pending {
		t.Fatalf("a known merchant, and no twin any more: %v", err)
	}
}
