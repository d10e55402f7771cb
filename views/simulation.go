package views

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// SimulationResult is what a draft would have done to the past.
type SimulationResult struct {
	Days    int
	Result  policy.Simulation
	Handles map[uuid.UUID]string
}

// OutcomeName is a decision as pages write it.
func OutcomeName(o policy.Outcome) string {
	switch o {
	case policy.Approved:
		return "approved"
	case policy.Denied:
		return "denied"
	case policy.RequiresApproval:
		return "asked people"
	}
	return string(o)
}

func outcomeTone(o policy.Outcome) Tone {
	switch o {
	case policy.Approved:
		return Good
	case policy.Denied:
		return Bad
	}
	return Attention
}

// flipped is how many decisions would be others.
func flipped(totals []policy.FlipTotal) (n int) {
	for _, t := range totals {
		n += t.Count
	}
	return n
}

// flipSentence says one kind of change: "3 requests that were approved would be
// denied".
func flipSentence(t policy.FlipTotal) string {
	was, would := "were "+OutcomeName(t.Before), "be "+OutcomeName(t.After)
	if t.Count == 1 {
		was = "was " + OutcomeName(t.Before)
	}
	if t.Before == policy.RequiresApproval {
		was = "people were asked about"
	}
	if t.After == policy.RequiresApproval {
		would = "wait for people"
	}
	return fmt.Sprintf("%s that %s would %s", counted(t.Count, "request"), was, would)
}

// amountsText joins sums of several currencies.
func amountsText(amounts []money.Amount) string {
	words := make([]string, len(amounts))
	for i, a := range amounts {
		words[i] = a.String()
	}
	return listed(words, "and")
}

// tenths writes a count of tenths: "12.4".
func tenths(n int64) string {
	return strconv.FormatInt(n/10, 10) + "." + strconv.FormatInt(n%10, 10)
}

// approvalsSentence says how many more or fewer approvals a week there would be.
func approvalsSentence(s policy.Simulation) string {
	before, after := s.WeeklyApprovalsBefore, s.WeeklyApprovals
	switch {
	case after > before:
		return fmt.Sprintf("People would be asked %s times a week, %s more than now (%s).", tenths(after), tenths(after-before), tenths(before))
	case after < before:
		return fmt.Sprintf("People would be asked %s times a week, %s fewer than now (%s).", tenths(after), tenths(before-after), tenths(before))
	}
	return fmt.Sprintf("People would be asked as often as now, %s times a week.", tenths(after))
}

// weekBars is one week of a chart: two counts side by side.
type weekBars struct {
	label         string
	before, after int
}

// The chart's measures, in units of its view box.
const weeksHeight, weeksWidth, weeksFoot = 96, 340, 18

// chartOf takes one number of each week.
func chartOf(f Frame, weeks []policy.SimulatedWeek, number func(policy.Counts) int) []weekBars {
	bars := make([]weekBars, len(weeks))
	for i, w := range weeks {
		bars[i] = weekBars{weekLabel(f, w.Window.From), number(w.Before), number(w.After)}
	}
	return bars
}

func weekLabel(f Frame, at time.Time) string { return at.In(f.Zone()).Format("2 Jan") }

func askedCount(c policy.Counts) int  { return c.RequiresApproval }
func deniedCount(c policy.Counts) int { return c.Denied }

// tallest is the largest count of a chart, at least one.
func tallest(bars []weekBars) int {
	top := 1
	for _, b := range bars {
		top = max(top, b.before, b.after)
	}
	return top
}

// bar is where a bar stands.
type bar struct{ x, y, width, height string }

func barAt(i, n, side, count, top int) bar {
	slot := weeksWidth / max(n, 1)
	width := max(1, slot*2/5)
	height := count * weeksHeight / top
	if count > 0 {
		height = max(height, 1)
	}
	return bar{strconv.Itoa(i*slot + slot/10 + side*width), strconv.Itoa(weeksHeight - height), strconv.Itoa(width), strconv.Itoa(height)}
}

// labelled says whether the bars of a week have their date below: as many as
// there is room for.
func labelled(i, n int) bool {
	every := (n + 5) / 6
	return every == 0 || i%every == 0
}

func labelX(i, n int) string { return strconv.Itoa(i*(weeksWidth/max(n, 1)) + 2) }

func totalOf(bars []weekBars, after bool) (sum int) {
	for _, b := range bars {
		if after {
			sum += b.after
		} else {
			sum += b.before
		}
	}
	return sum
}
