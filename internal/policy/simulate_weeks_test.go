package policy

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/money"
)

// TestSimulatedWeeks: the weeks are the company's, have no gap, and add up to
// the whole.
func TestSimulatedWeeks(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.exec(`UPDATE companies SET time_zone = 'America/New_York' WHERE company_id = $1`, s.tenant.Company)
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	bot := uuid.New()
	monday := time.Date(2026, 3, 9, 0, 0, 0, 0, loc) // the day after the clocks went forward
	told := func(at time.Time, minor int64, d Outcome) told {
		h := told{at: at, agent: bot, minor: minor, decision: d, status: "confirmed", closed: at}
		if d == Denied {
			h.status = "denied"
		}
		return h
	}
	s.tell(told(monday.Add(-time.Millisecond), 1000, Approved), told(monday, 2000, Approved), told(monday.Add(time.Hour), 9000, Denied),
		told(monday.AddDate(0, 0, 15), 9000, Approved))
	from, to := monday.AddDate(0, 0, -3), monday.AddDate(0, 0, 16)
	result := s.simulate(`[{"type":"transaction_limit","amount":50,"currency":"usd"},{"type":"approval_threshold","amount":15,"currency":"usd"}]`, from, to)
	if len(result.Weeks) != 4 || !result.Weeks[0].Window.From.Equal(from) || !result.Weeks[3].Window.To.Equal(to) {
		t.Fatalf("%+v", result.Weeks)
	}
	var before, after Counts
	for i, w := range result.Weeks {
		if i > 0 && (!w.Window.From.Equal(monday.AddDate(0, 0, 7*(i-1))) || !w.Window.From.Equal(result.Weeks[i-1].Window.To)) {
			t.Errorf("week %d begins at %v", i, w.Window.From)
		}
		before = Counts{before.Approved + w.Before.Approved, before.Denied + w.Before.Denied, before.RequiresApproval + w.Before.RequiresApproval}
		after = Counts{after.Approved + w.After.Approved, after.Denied + w.After.Denied, after.RequiresApproval + w.After.RequiresApproval}
	}
	if before != result.Before || after != result.After || result.Total != 4 {
		t.Errorf("the weeks add up to %+v and %+v, not %+v and %+v", before, after, result.Before, result.After)
	}
	first, second, third, fourth := result.Weeks[0], result.Weeks[1], result.Weeks[2], result.Weeks[3]
	if first.Before != (Counts{Approved: 1}) || first.After != (Counts{Approved: 1}) || first.Amounts[0].After != (Amounts{Approved: 1000}) {
		t.Errorf("%+v", first)
	}
	if second.Before != (Counts{Approved: 1, Denied: 1}) || second.After != (Counts{RequiresApproval: 1, Denied: 1}) || len(second.Amounts) != 1 ||
		second.Amounts[0] != (SimulatedAmounts{Currency: money.Currency("usd"), Before: Amounts{Approved: 2000, Denied: 9000}, After: Amounts{RequiresApproval: 2000, Denied: 9000}}) {
		t.Errorf("%+v", second)
	}
	if third.Before != (Counts{}) || third.Amounts != nil || fourth.After != (Counts{Denied: 1}) {
		t.Errorf("%+v %+v", third, fourth)
	}
}
