package spend_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
)

// TestEveryRuleHasItsOwnPeople: two rules that hold one request are each met by
// those whom they name, and by nobody else.
func TestEveryRuleHasItsOwnPeople(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd","approvers":["role:approver"]},
		{"type":"approval_threshold","amount":55,"currency":"usd","approvers":["role:admin"]}]`)
	r := h.authorize(bot, 6000)
	for i, role := range []string{"approver", "approver", "admin"} {
		member, person := h.addMember(role)
		want := spend.Held
		if i == 2 {
			want = spend.Pending
		}
		if d, err := h.cast(r, member, person, nil); err != nil || d.Authorization.Status != want {
			t.Fatalf("after vote %d, of an %s: %+v %v", i, role, d.Authorization, err)
		}
	}
}

// TestRolesAreThoseOfNow: who has left, or was given another role, does not
// decide any more.
func TestRolesAreThoseOfNow(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	gone, person := h.addMember("admin")
	lowered, other := h.addMember("approver")
	r := h.authorize(bot, 6000)
	h.exec(`UPDATE members SET status = 'removed' WHERE member_id = $1`, gone)
	h.exec(`UPDATE members SET role = 'viewer' WHERE member_id = $1`, lowered)
	for member, person := range map[uuid.UUID]uuid.UUID{gone: person, lowered: other} {
		if _, err := h.cast(r, member, person, nil); !fault.Is(err, "not_an_approver") {
			t.Errorf("%v", err)
		}
	}
}

// TestApprovingCountsItselfOnce: a request that waits is in the velocity, and
// must not stand in its own way.
func TestApprovingCountsItselfOnce(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, `[{"type":"approval_threshold","amount":50,"currency":"usd"},{"type":"velocity","window":"1h","count":1},
		{"type":"duplicate","window":"1h","effect":"deny"}]`)
	r := h.authorize(bot, 6000)
	if d, err := h.cast(r, h.member, h.person, nil); err != nil || d.Authorization.Status != spend.Pending {
		t.Fatalf("%+v %v", d.Authorization, err)
	}
}

// TestApprovingIsOfWhatWasShown: a policy that was written anew since is shown
// anew; an agent that was deleted since has nothing approved.
func TestApprovingIsOfWhatWasShown(t *testing.T) {
	t.Parallel()
	h, bot := holder(t, threshold)
	r := h.authorize(bot, 6000)
	shown := func(v *spend.Ballot) { v.Shown = r.Approval.Digest }
	h.exec(`UPDATE policies SET version = version + 1, epoch = epoch + 1`)
	h.exec(`UPDATE company_modes SET epoch = epoch + 1`)
	if _, err := h.cast(r, h.member, h.person, shown); !fault.Is(err, "approval_changed") {
		t.Fatalf("%v", err)
	}
	h.exec(`UPDATE agents SET status = 'deleted'`)
	if _, err := h.cast(r, h.member, h.person, nil); !fault.Is(err, "agent_deleted") {
		t.Fatalf("%v", err)
	}
}

// TestCurrenciesAndModesKeepTheirBudgets: what happens in euros, or in test
// mode, is nothing to the live dollars.
func TestCurrenciesAndModesKeepTheirBudgets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const rules = `[{"type":"limit","period":"month","amount":100,"currency":"usd","per":"company"},
		{"type":"limit","period":"month","amount":100,"currency":"eur","per":"company"}]`
	h.policy(rules)
	bot := h.agent("bot")
	q := ask(bot, 4000)
	q.Amount.Currency = "eur"
	if r, err := h.gate.Authorize(t.Context(), h.call(), q); err != nil || r.Authorization.Status != spend.Pending {
		t.Fatalf("%+v %v", r.Authorization, err)
	}
	budget := func(want int64) {
		t.Helper()
		b, err := h.gate.Budget(t.Context(), h.tenant, bot, "")
		if err != nil || len(b) != 2 || b[1].Currency != "usd" || *b[1].Max != want || b[1].Limits[0].Reserved != 10000-want {
			t.Fatalf("%+v %v", b, err)
		}
	}
	budget(10000)
	h.authorize(bot, 3000)
	h.exec(`UPDATE authorizations SET expires_at = clock_timestamp() WHERE currency = 'eur'`)
	budget(7000)
	live := h.tenant
	h.tenant = ident.Tenant{Company: live.Company}
	h.policy(rules)
	tester := h.agent("bot")
	h.authorize(tester, 9000)
	b, err := h.gate.Budget(t.Context(), h.tenant, tester, "")
	if err != nil || *b[1].Max != 1000 {
		t.Fatalf("%+v %v", b, err)
	}
	h.tenant = live
	budget(7000)
	h.checkMeters()
}
