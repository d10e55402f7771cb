package spend_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

func (h *house) inbox(agent uuid.UUID) spend.Inbox {
	h.t.Helper()
	in, err := h.gate.Inbox(h.t.Context(), h.tenant, agent, uuid.Nil, 50)
	if err != nil {
		h.t.Fatal(err)
	}
	return in
}

func (h *house) castGroup(r spend.Result, member, person uuid.UUID, verdict spend.Verdict) (spend.Result, error) {
	return h.gate.CastGroup(h.t.Context(), h.call(), spend.Ballot{Approval: r.Approval.ID,
		Voter: spend.Voter{Person: person, Member: member}, Verdict: verdict})
}

// retries asks for the same n times.
func (h *house) retries(bot uuid.UUID, minor int64, n int) (all []spend.Result) {
	for range n {
		all = append(all, h.authorize(bot, minor))
	}
	return all
}

// TestInboxGroupsRetries: the same agent, merchant, amount, currency and purpose
// are one; anything else is another.
func TestInboxGroupsRetries(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd"},{"type":"approval_threshold","amount":50,"currency":"eur"}]`)
	other := h.agent("other")
	first := h.authorize(bot, 6000)
	var differing []spend.Result
	for _, change := range []func(*spend.Request){
		func(r *spend.Request) { r.Agent = other },
		func(r *spend.Request) { r.Amount.Minor++ },
		func(r *spend.Request) { r.Amount.Currency = "eur" },
		func(r *spend.Request) { r.Merchant.Domain = "aws.example.com" },
		func(r *spend.Request) { r.Purpose = "another" },
	} {
		q := ask(bot, 6000)
		change(&q)
		r, err := h.gate.Authorize(t.Context(), h.call(), q)
		if err != nil {
			t.Fatal(err)
		}
		differing = append(differing, r)
	}
	h.authorize(bot, 4000) // waits for nobody
	rest := h.retries(bot, 6000, 2)
	in := h.inbox(uuid.Nil)
	if len(in.Groups) != 6 || in.Waiting != 8 || in.More != uuid.Nil {
		t.Fatalf("%+v", in)
	}
	if g := in.Groups[0]; g.Count() != 3 || g.Newest.Authorization.ID != rest[1].Authorization.ID || g.Newest.Approval.ID != rest[1].Approval.ID ||
		!slices.Equal(g.Earlier, []uuid.UUID{rest[0].Authorization.ID, first.Authorization.ID}) ||
		!slices.Equal(g.EarlierApprovals, []uuid.UUID{rest[0].Approval.ID, first.Approval.ID}) {
		t.Errorf("%+v", g)
	}
	for i, g := range in.Groups[1:] {
		if want := differing[len(differing)-1-i]; g.Count() != 1 || g.Newest.Authorization.ID != want.Authorization.ID || g.Newest.Approval.Digest != want.Approval.Digest {
			t.Errorf("place %d: %+v", i+1, g)
		}
	}
	var paged []uuid.UUID
	for before := uuid.Nil; ; {
		page, err := h.gate.Inbox(t.Context(), h.tenant, uuid.Nil, before, 4)
		if err != nil || len(page.Groups) > 4 {
			t.Fatal(err)
		}
		for _, g := range page.Groups {
			paged = append(paged, g.Newest.Authorization.ID)
		}
		if before = page.More; before == uuid.Nil {
			break
		}
	}
	if len(paged) != 6 || paged[5] != differing[0].Authorization.ID {
		t.Errorf("%v", paged)
	}
	if in := h.inbox(other); len(in.Groups) != 1 || in.Groups[0].Newest.Authorization.Agent != other {
		t.Errorf("%+v", in)
	}
	h.expireAll()
	if in := h.inbox(uuid.Nil); len(in.Groups) != 0 || in.Waiting != 0 {
		t.Errorf("%+v", in)
	}
}

// TestDecidingAGroup decides the newest and supersedes the others, with their
// budgets, events, and those who wait for them.
func TestDecidingAGroup(t *testing.T) {
	t.Parallel()
	for _, verdict := range []spend.Verdict{spend.ForApproval, spend.Against} {
		h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd"},{"type":"limit","period":"month","amount":400,"currency":"usd"}]`)
		all := h.retries(bot, 6000, 3)
		apart := h.authorize(bot, 5100) // for itself
		told := make(chan spend.Result, 1)
		go func() {
			r, err := h.gate.Get(t.Context(), h.call(), all[0].Authorization.ID, 20*time.Second)
			if err != nil {
				t.Error(err)
			}
			told <- r
		}()
		r, err := h.castGroup(all[2], h.member, h.person, verdict)
		want := map[spend.Verdict]spend.Status{spend.ForApproval: spend.Pending, spend.Against: spend.Denied}[verdict]
		if err != nil || r.Authorization.Status != want || len(r.Superseded) != 2 ||
			r.Superseded[0].ID != all[1].Authorization.ID || r.Superseded[1].ID != all[0].Authorization.ID {
			t.Fatalf("%+v %v", r, err)
		}
		if r := <-told; r.Authorization.Status != spend.Voided || r.Authorization.VoidReason != "superseded" || r.Approval.Status != "voided" || r.Token != "" {
			t.Errorf("%+v %+v", r.Authorization, r.Approval)
		}
		if got := h.statuses(); got[string(want)] != 1 || got["voided"] != 2 || got["held"] != 1 {
			t.Errorf("%v", got)
		}
		var data []byte
		if err := h.pool.QueryRow(t.Context(), `SELECT json_agg(data) FROM audit_events WHERE type = 'authorization.voided'`).Scan(&data); err != nil {
			t.Fatal(err)
		}
		var events []struct {
			Reason       string `json:"reason"`
			SupersededBy string `json:"superseded_by"`
		}
		if err := json.Unmarshal(data, &events); err != nil || len(events) != 2 || events[0].Reason != "superseded" ||
			events[0].SupersededBy != all[2].Authorization.PublicID() {
			t.Errorf("%s %v", data, err)
		}
		b, err := h.gate.Budget(t.Context(), h.tenant, bot, "")
		reserved := apart.Authorization.Amount + r.Authorization.Reserved()
		if err != nil || b[0].Limits[0].Reserved != reserved {
			t.Errorf("%+v, want %d reserved: %v", b, reserved, err)
		}
		if _, err := h.castGroup(all[2], h.member, h.person, verdict); err == nil || fault.From(err).Kind != fault.Conflict {
			t.Errorf("twice: %v", err)
		}
		if _, err := h.cast(all[0], h.member, h.person, nil); !fault.Is(err, "authorization_voided") {
			t.Errorf("%v", err)
		}
		h.checkMeters()
	}
}

// TestAGroupWaitsForAllVotes: what needs two people supersedes nothing before the
// second.
func TestAGroupWaitsForAllVotes(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd","approvals":2}]`)
	all := h.retries(bot, 6000, 2)
	if r, err := h.castGroup(all[1], h.member, h.person, spend.ForApproval); err != nil || r.Authorization.Status != spend.Held || r.Superseded != nil {
		t.Fatalf("%+v %v", r, err)
	}
	if got := h.statuses(); got["held"] != 2 {
		t.Fatalf("%v", got)
	}
	member, person := h.addMember("approver")
	if r, err := h.castGroup(all[1], member, person, spend.ForApproval); err != nil || r.Authorization.Status != spend.Pending || len(r.Superseded) != 1 {
		t.Fatalf("%+v %v", r, err)
	}
}

// TestANewerRetryIsShownFirst: who decides an older one looks again.
func TestANewerRetryIsShownFirst(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	all := h.retries(bot, 6000, 2)
	for _, verdict := range []spend.Verdict{spend.ForApproval, spend.Against} {
		if _, err := h.castGroup(all[0], h.member, h.person, verdict); !fault.Is(err, "group_changed") {
			t.Fatalf("%v", err)
		}
	}
	if got := h.statuses(); got["held"] != 2 {
		t.Fatalf("%v", got)
	}
	if _, err := h.gate.Void(t.Context(), h.call(), all[1].Authorization.ID, ""); err != nil {
		t.Fatal(err)
	}
	if r, err := h.castGroup(all[0], h.member, h.person, spend.ForApproval); err != nil || len(r.Superseded) != 0 {
		t.Fatalf("%+v %v", r, err)
	}
}

// TestAGroupDoesNotStandInItsOwnWay: what the earlier ones have reserved is given
// back with the decision, so it does not count against it; nor are they twins.
func TestAGroupDoesNotStandInItsOwnWay(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd"}]`)
	all := h.retries(bot, 6000, 3)
	h.policy(`[{"type":"limit","period":"month","amount":100,"currency":"usd"},{"type":"duplicate","window":"1h","effect":"deny"}]`)
	if _, err := h.cast(all[2], h.member, h.person, nil); fault.From(err).Kind != fault.Conflict || err == nil {
		t.Fatalf("alone it should not fit: %v", err)
	}
	if r, err := h.castGroup(all[2], h.member, h.person, spend.ForApproval); err != nil || r.Authorization.Status != spend.Pending || len(r.Superseded) != 2 {
		t.Fatalf("%+v %v", r, err)
	}
	h.checkMeters()
	// What they cannot free is still in the way.
	next := h.authorize(bot, 7000)
	if next.Authorization.Decision != policy.Denied {
		t.Fatalf("%+v", next.Authorization)
	}
}

// TestAGroupIsDecidedOnce: two people, a void, a retry and the clock at the same
// instant leave one order of things, with every budget given back.
func TestAGroupIsDecidedOnce(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd"},{"type":"limit","period":"month","amount":100000,"currency":"usd"}]`)
	member, person := h.addMember("admin")
	second := h.replica()
	for round := range 15 {
		all := h.retries(bot, 6000+int64(round), 4)
		if round%3 == 0 {
			h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() - interval '1 second' WHERE authorization_id = $1`, all[1].Authorization.ID)
		}
		var wait sync.WaitGroup
		var retried spend.Result
		results, errs := make([]spend.Result, 2), make([]error, 2)
		ballot := spend.Ballot{Approval: all[3].Approval.ID, Voter: spend.Voter{Person: person, Member: member}, Verdict: spend.Against}
		wait.Go(func() { results[0], errs[0] = h.castGroup(all[3], h.member, h.person, spend.ForApproval) })
		wait.Go(func() { results[1], errs[1] = second.CastGroup(t.Context(), h.call(), ballot) })
		wait.Go(func() {
			_, err := second.Void(t.Context(), h.call(), all[0].Authorization.ID, "")
			if err != nil && fault.From(err).Kind != fault.Conflict {
				t.Error(err)
			}
		})
		wait.Go(func() {
			if round%2 == 0 {
				retried = h.authorize(bot, 6000+int64(round))
			}
		})
		wait.Wait()
		won := 0
		for i, err := range errs {
			switch {
			case err == nil:
				won++
				for _, s := range results[i].Superseded {
					if s.Status != spend.Voided {
						t.Errorf("%+v", s)
					}
				}
			case fault.From(err).Kind != fault.Conflict:
				t.Errorf("%v", err)
			}
		}
		if won > 1 || won == 0 && retried.Authorization == nil {
			t.Errorf("round %d: %d decisions of one group: %v", round, won, errs)
		}
		held := 0
		if retried.Authorization != nil {
			held = 1
		}
		if got := h.statuses(); won == 1 && got["held"] != held {
			t.Errorf("round %d: %v", round, got)
		}
		h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() - interval '1 second' WHERE status = 'held'`)
		if in := h.inbox(uuid.Nil); in.Waiting != 0 {
			t.Errorf("%d wait", in.Waiting)
		}
	}
	h.checkMeters()
}
