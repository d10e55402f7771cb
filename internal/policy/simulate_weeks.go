package policy

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// SimulatedWeek is one week of a simulation, cut where the simulation begins or
// ends.
type SimulatedWeek struct {
	Window        meter.Window
	Before, After Counts
	// Amounts have one entry a currency that was asked for, in alphabetical
	// order.
	Amounts []SimulatedAmounts
}

// SimulatedAmounts add up what was asked for in one currency by what was, and
// would have been, decided.
type SimulatedAmounts struct {
	Currency      money.Currency
	Before, After Amounts
}

// Amounts are sums in minor units. They stay at the edge where no int64 holds
// them.
type Amounts struct {
	Approved, Denied, RequiresApproval int64
}

func (a *Amounts) add(o Outcome, minor int64) {
	switch o {
	case Approved:
		a.Approved, _ = money.AddMinor(a.Approved, minor)
	case Denied:
		a.Denied, _ = money.AddMinor(a.Denied, minor)
	case RequiresApproval:
		a.RequiresApproval, _ = money.AddMinor(a.RequiresApproval, minor)
	}
}

// weeksOf are the weeks from one instant to another, with nothing in them yet.
func weeksOf(from, to time.Time, loc *time.Location) (weeks []SimulatedWeek) {
	for at := from; at.Before(to); {
		w := meter.Week.Window(at, loc)
		end := w.To
		if end.After(to) {
			end = to
		}
		weeks = append(weeks, SimulatedWeek{Window: meter.Window{From: at, To: end}})
		at = end
	}
	return weeks
}

// count adds a request to its week.
func count(weeks []SimulatedWeek, at time.Time, asked money.Amount, before, after Outcome) {
	i := sort.Search(len(weeks), func(i int) bool { return at.Before(weeks[i].Window.To) })
	w := &weeks[i]
	w.Before.Add(before)
	w.After.Add(after)
	n, found := slices.BinarySearchFunc(w.Amounts, asked.Currency, func(a SimulatedAmounts, c money.Currency) int {
		return strings.Compare(string(a.Currency), string(c))
	})
	if !found {
		w.Amounts = slices.Insert(w.Amounts, n, SimulatedAmounts{Currency: asked.Currency})
	}
	w.Amounts[n].Before.add(before, asked.Minor)
	w.Amounts[n].After.add(after, asked.Minor)
}
