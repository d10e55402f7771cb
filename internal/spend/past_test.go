package spend_test

import (
	"testing"
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// TestPastGivesBackInTime asks for a budget that is taken, and again once the
// hold has run out.
func TestPastGivesBackInTime(t *testing.T) {
	t.Parallel()
	tenant, agent := ident.Tenant{Company: ident.New(), Live: true}, ident.New()
	rules, err := policy.DecodeRules([]byte(limitRule(100, "agent")))
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(tenant.Company, "UTC", []policy.Policy{{ID: ident.New(), Version: 1,
		Content: policy.Content{Name: "p", Status: policy.Active, Rules: rules}}})
	if err != nil {
		t.Fatal(err)
	}
	past := spend.NewPast(tenant, spend.PastCompany{Currency: "usd", Zone: "UTC", ApprovalTimeout: time.Hour, Scopes: set.Scopes()})
	past.Agent(agent, "bot", "active")
	past.Govern(set)
	begin, by := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), audit.Key(ident.New(), "req")
	for _, c := range []struct {
		after time.Duration
		want  spend.Status
	}{{0, spend.Pending}, {time.Minute, spend.Denied}, {15*time.Minute - time.Microsecond, spend.Denied}, {15 * time.Minute, spend.Pending}} {
		past.MoveTo(begin.Add(c.after))
		a, err := past.Authorize(by, ask(agent, 6000))
		if err != nil || a.Status != c.want || !a.CreatedAt.Equal(begin.Add(c.after)) {
			t.Fatalf("%s: %+v %v", c.after, a, err)
		}
	}
	past.MoveTo(begin.Add(time.Hour)) // long after the second hold's time
	all := past.All()
	for _, i := range []int{0, 3} {
		if a := all[i]; a.Status != spend.Expired || !a.ClosedAt.Equal(a.ExpiresAt) {
			t.Errorf("%+v", a)
		}
	}
	if err := past.Confirm(by, all[0], nil, ""); err == nil {
		t.Error("an expired one was confirmed")
	}
}
