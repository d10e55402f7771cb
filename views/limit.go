package views

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// LimitRow is where one limit stands.
type LimitRow struct {
	policy.LimitState
	Currency money.Currency
	// Agent is whose limit it is; nil for one that agents share.
	Agent  uuid.UUID
	Handle string
	// Name is the policy's.
	Name string
	// Covered are the agents that share the limit; none are all.
	Covered []uuid.UUID
	// Binds says that it is this limit which bounds the agent now.
	Binds bool
}

// Used is spent plus reserved, in minor units.
func (l LimitRow) Used() int64 { return meter.Usage{Spent: l.Spent, Reserved: l.Reserved}.Used() }

// Money is an amount in the limit's currency.
func (l LimitRow) Money(minor int64) money.Amount { return money.Of(minor, l.Currency) }

// bare is an amount without the currency, where that is said beside it.
func (l LimitRow) bare(minor int64) string {
	return strings.TrimSuffix(l.Money(minor).String(), " "+l.Currency.Upper())
}

// Near says that half of the limit is used, or more.
func (l LimitRow) Near() bool { return share(l.Used(), l.Limit) >= barScale/2 }

// Percent is how much of the limit is used, in whole hundredths rounded down.
func (l LimitRow) Percent() int64 {
	if l.Limit > 0 && l.Used() > l.Limit {
		high, low := bits.Mul64(uint64(l.Used()), 100)
		if high >= uint64(l.Limit) {
			return 99_999
		}
		quotient, _ := bits.Div64(high, low, uint64(l.Limit))
		return int64(min(quotient, 99_999))
	}
	return share(l.Used(), l.Limit) / 10
}

// Fuller orders limits by the part that is used, exactly, the fullest first.
func Fuller(a, b LimitRow) int {
	highA, lowA := bits.Mul64(uint64(max(0, a.Used())), uint64(max(0, b.Limit)))
	highB, lowB := bits.Mul64(uint64(max(0, b.Used())), uint64(max(0, a.Limit)))
	return cmp.Or(cmp.Compare(highB, highA), cmp.Compare(lowB, lowA), cmp.Compare(a.Handle, b.Handle), cmp.Compare(a.Currency, b.Currency),
		slices.Compare(a.Policy[:], b.Policy[:]), cmp.Compare(a.Index, b.Index))
}

// LimitsOf are an agent's limits, the fullest first.
func LimitsOf(agent uuid.UUID, handle string, rooms []policy.Headroom, policies map[uuid.UUID]policy.Policy) (rows []LimitRow) {
	for _, h := range rooms {
		for _, l := range h.Limits {
			row := LimitRow{LimitState: l, Currency: h.Currency, Agent: agent, Handle: handle, Name: policies[l.Policy].Name,
				Binds: h.BoundedBy != nil && h.BoundedBy.Policy == l.Policy && h.BoundedBy.Index == l.Index}
			if l.Per == policy.PerCompany {
				row.Agent, row.Handle, row.Covered = uuid.Nil, "", policies[l.Policy].Agents
			}
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, Fuller)
	return rows
}

// Whose says whom the limit is for.
func (l LimitRow) Whose() string {
	switch {
	case l.Agent != uuid.Nil:
		return l.Handle
	case len(l.Covered) == 0:
		return "All agents together"
	}
	return counted(len(l.Covered), "agent") + " together"
}

// terms are what kind of limit it is and when it begins anew.
func (l LimitRow) terms() string {
	text := PeriodAdjective(l.Period) + " limit"
	if l.Per == policy.PerCompany {
		text += " of " + strings.ToLower(l.Whose()[:1]) + l.Whose()[1:]
	}
	return text + ", " + l.Resets()
}

// PeriodAdjective is a period as an adjective.
func PeriodAdjective(p meter.Period) string {
	switch p {
	case meter.Day:
		return "daily"
	case meter.Week:
		return "weekly"
	case meter.Month:
		return "monthly"
	case meter.Quarter:
		return "quarterly"
	case meter.Year:
		return "yearly"
	}
	return "total"
}

// Resets says when the limit is whole again.
func (l LimitRow) Resets() string {
	if l.Window.To.IsZero() {
		return "never resets"
	}
	loc, err := meter.LoadZone(l.Zone)
	if err != nil {
		loc = time.UTC
	}
	return "resets " + localMoment(l.Window.To, loc, l.Zone)
}

// List is the address of the authorizations that add up to a part of what the
// limit counts: those of a status in its window.
func (l LimitRow) List(f Frame, status string) string {
	filter := ListFilter{Status: status, Currency: string(l.Currency)}
	if l.Agent != uuid.Nil {
		filter.Agent = ident.Format(ident.Agent, l.Agent)
	} else if len(l.Covered) > 0 {
		filter.Policy = ident.Format(ident.Policy, l.Policy)
	}
	filter.Bound(f, l.Window)
	return filter.At(f, "/authorizations")
}

// Bound narrows the filter to a window: by dates where it is one of whole days
// in the company's time, else by instants.
func (l *ListFilter) Bound(f Frame, w meter.Window) {
	day := func(at time.Time) (string, bool) {
		local := at.In(f.Zone())
		return local.Format(time.DateOnly), meter.Day.Window(at, f.Zone()).From.Equal(at)
	}
	if w.From.IsZero() && w.To.IsZero() {
		return
	}
	from, whole := day(w.From)
	_, alsoWhole := day(w.To)
	if whole && alsoWhole {
		l.From, l.To = from, w.To.Add(-time.Nanosecond).In(f.Zone()).Format(time.DateOnly)
		return
	}
	l.From, l.To = w.From.UTC().Format(time.RFC3339), w.To.UTC().Format(time.RFC3339)
}

// spentStatus and reservedStatus are the lists that add up to a limit's parts.
const spentStatus, reservedStatus = string(spend.Confirmed), OpenStatus

// Room says what an agent could spend now in one currency, in words.
func Room(h policy.Headroom, policies map[uuid.UUID]policy.Policy) string {
	if h.Max == nil {
		return "No rule bounds a payment in " + h.Currency.Upper() + "."
	}
	var b strings.Builder
	if *h.Max <= 0 {
		b.WriteString("Nothing in " + h.Currency.Upper() + " fits now")
	} else {
		b.WriteString("Up to " + money.Of(*h.Max, h.Currency).String() + " fits now")
	}
	if by := h.BoundedBy; by != nil {
		b.WriteString(", because of " + boundName(*by, policies))
	}
	b.WriteString(".")
	if least := h.MaxWithoutApproval; least != nil && *least < *h.Max {
		b.WriteString(" Above " + money.Of(*least, h.Currency).String() + " people are asked.")
	}
	return b.String()
}

func boundName(by policy.RuleRef, policies map[uuid.UUID]policy.Policy) string {
	return "the " + strings.ReplaceAll(string(by.Rule), "_", " ") + " (rule " + strconvInt(int64(by.Index+1)) + ") of " + cmp.Or(policies[by.Policy].Name, ident.Format(ident.Policy, by.Policy))
}
