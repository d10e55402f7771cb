package spend_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// found is everything that a search finds, page by page.
func (h *house) found(q spend.Search, limit int) (all []uuid.UUID) {
	h.t.Helper()
	var before uuid.UUID
	for range 10000 {
		page, err := h.gate.Search(h.t.Context(), h.tenant, q, before, limit)
		if err != nil || len(page.Authorizations) > limit {
			h.t.Fatalf("%d %v", len(page.Authorizations), err)
		}
		for _, a := range page.Authorizations {
			all = append(all, a.ID)
		}
		if before = page.More; before == uuid.Nil {
			return all
		}
	}
	h.t.Fatal("there is no end")
	return nil
}

// TestSearchFindsWhatMatches, all of it once, in order, whatever the page.
func TestSearchFindsWhatMatches(t *testing.T) {
	t.Parallel()
	h, agents := berlin(t)
	everything := h.all(spend.Filter{})
	since, until := time.Now().Add(-20*24*time.Hour), time.Now().Add(-3*24*time.Hour)
	within := func(a *spend.Authorization) bool { return !a.CreatedAt.Before(since) && a.CreatedAt.Before(until) }
	for name, c := range map[string]struct {
		search  spend.Search
		matches func(*spend.Authorization) bool
	}{
		"everything":   {spend.Search{}, func(*spend.Authorization) bool { return true }},
		"a window":     {spend.Search{Filter: spend.Filter{From: since, To: until}}, within},
		"an agent's":   {spend.Search{Filter: spend.Filter{Agent: agents[1], From: since, To: until}}, func(a *spend.Authorization) bool { return within(a) && a.Agent == agents[1] }},
		"open":         {spend.Search{Statuses: []spend.Status{spend.Pending, spend.Held}}, func(a *spend.Authorization) bool { return a.Status.Open() }},
		"a reason":     {spend.Search{ReasonCode: "merchant_blocked"}, func(a *spend.Authorization) bool { return a.ReasonCode == "merchant_blocked" }},
		"a key":        {spend.Search{Filter: spend.Filter{MerchantKey: "shop2.example.com"}}, func(a *spend.Authorization) bool { return a.MerchantKey == "shop2.example.com" }},
		"a decision":   {spend.Search{Filter: spend.Filter{Decision: "DENIED", Currency: "eur"}}, func(a *spend.Authorization) bool { return a.Decision == policy.Denied && a.Currency == "eur" }},
		"a name":       {spend.Search{Text: "sHOP 4"}, func(a *spend.Authorization) bool { return a.Merchant.Name == "Shop 4" }},
		"a domain":     {spend.Search{Text: "shop4.EXAMPLE"}, func(a *spend.Authorization) bool { return a.Merchant.Name == "Shop 4" }},
		"a purpose":    {spend.Search{Text: " order 1 "}, func(a *spend.Authorization) bool { return strings.HasPrefix(a.Purpose, "Order 1") }},
		"of any case":  {spend.Search{Text: "OF MÜLLER", Filter: spend.Filter{Agent: agents[3]}}, func(a *spend.Authorization) bool { return a.Agent == agents[3] && a.Purpose != "" }},
		"no pattern":   {spend.Search{Text: "Shop_4"}, func(*spend.Authorization) bool { return false }},
		"no wild card": {spend.Search{Text: "%"}, func(*spend.Authorization) bool { return false }},
	} {
		var want []uuid.UUID
		var asked, left int64
		for _, a := range everything {
			if c.matches(a) {
				want, asked, left = append(want, a.ID), asked+a.Requested, left+a.Amount-a.Refunded
			}
		}
		sums, err := h.gate.Sums(t.Context(), h.tenant, c.search)
		if err != nil {
			t.Fatal(err)
		}
		count := int64(len(want))
		for _, s := range sums {
			count, asked, left = count-s.Count, asked-s.Requested, left-s.Amount
		}
		if count != 0 || asked != 0 || left != 0 {
			t.Errorf("%s: the sums miss %d, %d asked for and %d left", name, count, asked, left)
		}
		for _, limit := range []int{7, 200} {
			if got := h.found(c.search, limit); !slices.Equal(got, want) {
				t.Errorf("%s, %d at a time: %d are found, %d match", name, limit, len(got), len(want))
			}
		}
	}
	for _, a := range everything[:20] {
		id := a.PublicID()
		if got := h.found(spend.Search{Text: id}, 5); !slices.Equal(got, []uuid.UUID{a.ID}) {
			t.Errorf("%s: %v", id, got)
		}
		var alike []uuid.UUID
		for _, other := range everything {
			if strings.HasPrefix(other.PublicID(), id[:14]) {
				alike = append(alike, other.ID)
			}
		}
		if got := h.found(spend.Search{Text: strings.ToUpper(id[:14])}, 5); !slices.Equal(got, alike) {
			t.Errorf("%s: %v, want %v", id[:14], got, alike)
		}
	}
	if got := h.found(spend.Search{Text: "auth_zzzz"}, 5); got != nil {
		t.Errorf("%v", got)
	}
}

// TestSearchGoesOnWhereItStopped: so much is looked at for a page and no more,
// and nothing is missed by it.
func TestSearchGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"velocity","window":"1h","count":1000}]`)
	bot := h.agent("bot")
	first := h.authorize(bot, 100).Authorization
	h.exec(`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency,
			requested, amount, merchant_name, merchant_key, rail, capture, expires_in, expires_at, created_at, requested_by, explanation)
		SELECT company_id, live, ('ffffffff-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, agent_id, 'voided', decision, reason_code, reason, currency,
			requested, amount, 'Elsewhere', 'elsewhere', rail, capture, expires_in, expires_at, created_at, requested_by, explanation
		FROM authorizations, generate_series(1, 45000) n`)
	for _, agent := range []uuid.UUID{uuid.Nil, bot} {
		q := spend.Search{Text: "aws", Filter: spend.Filter{Agent: agent}}
		page, err := h.gate.Search(t.Context(), h.tenant, q, uuid.Nil, 10)
		if err != nil || len(page.Authorizations) != 0 || page.More == uuid.Nil {
			t.Fatalf("%d, more %v: %v", len(page.Authorizations), page.More, err)
		}
		if got := h.found(q, 10); !slices.Equal(got, []uuid.UUID{first.ID}) {
			t.Fatalf("%v", got)
		}
	}
}
