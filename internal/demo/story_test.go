package demo

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

func told(t *testing.T, now string) []*spend.Authorization {
	t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	var members []*member
	for _, p := range people {
		members = append(members, &member{person: p, id: ident.New(), personID: uuid.New(), joined: at.Add(-length)})
	}
	s, err := live(at, members)
	if err != nil {
		t.Fatal(err)
	}
	return s.past.All()
}

// TestStoryIsTheSame tells one story twice: only ids may differ.
func TestStoryIsTheSame(t *testing.T) {
	t.Parallel()
	one, two := told(t, "2026-03-30T09:41:00Z"), told(t, "2026-03-30T09:41:00Z")
	if len(one) != len(two) {
		t.Fatalf("%d and %d requests", len(one), len(two))
	}
	text := func(a *spend.Authorization) string {
		return fmt.Sprintln(a.CreatedAt, a.Status, a.ReasonCode, a.Money(a.Amount), a.Merchant, a.Purpose, a.ClosedAt, a.DecidedAt)
	}
	for i := range one {
		if text(one[i]) != text(two[i]) {
			t.Fatalf("%s%s", text(one[i]), text(two[i]))
		}
	}
}

// TestStoryAtAnyTime tells it at the ends of periods, in the night, on a Sunday
// and around a change of clocks: the inbox always has what it should have.
func TestStoryAtAnyTime(t *testing.T) {
	t.Parallel()
	for _, now := range []string{"2026-12-31T22:59:59Z", "2027-01-01T00:10:00Z", "2026-10-25T01:30:00Z", "2026-03-29T01:10:00Z", "2026-06-28T02:30:00Z", "2026-07-15T12:00:00Z"} {
		t.Run(now, func(t *testing.T) {
			t.Parallel()
			all := told(t, now)
			statuses, codes := map[spend.Status]int{}, map[string]int{}
			for _, a := range all {
				statuses[a.Status]++
				codes[a.ReasonCode]++
			}
			if len(all) < 6000 || len(all) > 10_000 {
				t.Errorf("%d requests", len(all))
			}
			if statuses[spend.Held] < 7 || statuses[spend.Pending] < 3 || statuses[spend.Expired] == 0 || statuses[spend.Voided] == 0 {
				t.Errorf("%v", statuses)
			}
			for _, code := range []string{policy.CodeNoPolicy, policy.CodeAgentFrozen, policy.CodeCompanyFrozen, policy.CodeLimitExceeded,
				policy.CodeVelocityExceeded, policy.CodeOutsideHours, policy.CodeDuplicate, policy.CodeExpressionDenied, policy.CodeTransactionLimit,
				policy.CodeCurrencyNotCovered, "currency_not_allowed", "denied_by_approver", "rail_not_allowed", "mcc_blocked"} {
				if codes[code] == 0 {
					t.Errorf("no %s: %v", code, codes)
				}
			}
			if approved := statuses[spend.Confirmed] * 100 / len(all); approved < 75 || approved > 95 {
				t.Errorf("%d%% were confirmed", approved)
			}
		})
	}
}
