package policy

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/getpurser/purser/internal/meter"
)

// velocity denies when the sliding window already holds its count.
type velocity struct{ *Rule }

func (k velocity) check(e *evaluation, s *Step) verdict {
	after := e.r.At.Add(-k.Window)
	used := sort.Search(len(e.f.Recent), func(i int) bool { return !e.f.Recent[i].After(after) })
	s.Unit, s.Limit, s.Used, s.Remaining = Requests, int64(k.Count), int64(used), int64(k.Count-used)
	s.counted, s.Window = true, meter.Window{From: after, To: e.r.At}
	if used < k.Count {
		s.Remaining--
		return passes
	}
	// The window is free again when the count-th newest has left it.
	return verdict{outcome: StepDeny, code: CodeVelocityExceeded, retry: e.f.Recent[k.Count-1].Add(k.Window)}
}

// duplicate matches when a twin is younger than its window.
type duplicate struct{ *Rule }

func (k duplicate) check(e *evaluation, s *Step) verdict {
	after := e.r.At.Add(-k.Window)
	s.Window = meter.Window{From: after, To: e.r.At}
	var newest time.Time
	for _, t := range e.f.Twins {
		if t.After(after) && t.After(newest) {
			newest = t
		}
	}
	if newest.IsZero() {
		return passes
	}
	v := k.effect(CodeDuplicate)
	v.retry = newest.Add(k.Window)
	return v
}

// newMerchant matches a merchant that the company has never paid.
type newMerchant struct{ *Rule }

func (k newMerchant) check(e *evaluation, s *Step) verdict {
	s.Value = cmp.Or(e.r.Merchant.Domain, e.r.Merchant.Name)
	if e.f.MerchantKnown {
		return passes
	}
	return k.effect(CodeNewMerchant)
}

// effect is the verdict of a rule that may choose what it does.
func (r *Rule) effect(code string) verdict {
	if r.Effect == RequireApproval {
		return verdict{outcome: StepHold, code: code}
	}
	return verdict{outcome: StepDeny, code: code}
}

// hours denies outside its days and times, by the clock on the wall.
type hours struct {
	*Rule
	zone string
	loc  *time.Location
}

func (k *hours) check(e *evaluation, _ *Step) verdict {
	if k.open(e.r.At) {
		return passes
	}
	return verdict{outcome: StepDeny, code: CodeOutsideHours, retry: k.opens(e.r.At)}
}

func (k *hours) on(d time.Weekday) bool { return len(k.Days) == 0 || slices.Contains(k.Days, d) }

// open reports whether the wall shows an open time. Hours that span midnight
// belong to the day on which they start.
func (k *hours) open(at time.Time) bool {
	local := at.In(k.loc)
	minute, today := local.Hour()*60+local.Minute(), local.Weekday()
	if k.From < k.To {
		return k.on(today) && k.From <= minute && minute < k.To
	}
	return k.on(today) && minute >= k.From || k.on((today+6)%7) && minute < k.To
}

// opens is the next instant at which they are open, at itself if they are, and
// zero if a clock change skips every opening of the next ten days.
func (k *hours) opens(at time.Time) time.Time {
	if k.open(at) {
		return at
	}
	y, m, d := at.In(k.loc).Date()
	for i := range 10 {
		start := meter.FirstInstant(y, m, d+i, k.From, k.loc)
		if !start.Before(at) && k.open(start) {
			return start
		}
	}
	return time.Time{}
}
