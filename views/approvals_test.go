package views

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

var noon = time.Date(2026, 3, 18, 11, 0, 0, 0, time.UTC)

func march() meter.Window {
	return meter.Window{From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}
}

// heldFor is a request of 240.00 that came at noon, with everything that waits
// reserved in a limit of 5,000.00.
func heldFor(earlier ...uuid.UUID) Held {
	a := &spend.Authorization{ID: ident.At(noon), Status: spend.Held, Requested: 24000, Amount: 24000, Currency: "usd", CreatedAt: noon}
	h := Held{Result: spend.Result{Authorization: a, Approval: &spend.Approval{Status: "pending"}}, Earlier: earlier}
	reserved := int64(24000 * (1 + len(earlier)))
	h.Limits = []policy.LimitState{{Window: march(), Limit: 500000, Spent: 100000, Reserved: reserved, Remaining: 400000 - reserved}}
	return h
}

func TestBudgetBeforeAndAfter(t *testing.T) {
	for name, c := range map[string]struct {
		held                    Held
		before, after, reserved int64
	}{
		"alone":        {heldFor(), 400000, 376000, 24000},
		"with retries": {heldFor(ident.At(noon.Add(-time.Minute)), ident.At(noon.Add(-time.Hour))), 400000, 376000, 24000},
	} {
		got := c.held.budgets()
		if len(got) != 1 || got[0].Before != c.before || got[0].After != c.after || got[0].Reserved != c.reserved {
			t.Errorf("%s: %+v", name, got)
		}
	}
	less := heldFor()
	less.Approval.Votes = []spend.Vote{{Verdict: spend.ForApproval, Amount: 20000}}
	if got := less.budgets(); got[0].Before != 400000 || got[0].After != 380000 {
		t.Errorf("approved for less: %+v", got)
	}
	last := heldFor()
	last.Authorization.CreatedAt = noon.AddDate(0, -1, 0)
	if got := last.budgets(); len(got) != 0 {
		t.Errorf("a request of February counts in March: %+v", got)
	}
}

func TestTimeLeft(t *testing.T) {
	for left, want := range map[time.Duration]string{
		-time.Second: "Time is over", 0: "Time is over", 59 * time.Second: "Less than a minute left", time.Minute: "1 min left",
		59*time.Minute + 59*time.Second: "59 min left", time.Hour: "1 h 0 min left", 47*time.Hour + 59*time.Minute: "47 h 59 min left",
		48 * time.Hour: "2 days left",
	} {
		if got := TimeLeft(noon, noon.Add(left)); got != want {
			t.Errorf("%s: %q, wanted %q", left, got, want)
		}
	}
}

func TestWaitingIsBounded(t *testing.T) {
	for waiting, want := range map[int]string{1: "1", MostWaiting: "99", MostWaiting + 1: "99+"} {
		if got := (Frame{Waiting: waiting}).waiting(); got != want {
			t.Errorf("%d: %q, wanted %q", waiting, got, want)
		}
	}
}
