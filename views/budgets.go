package views

import (
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// BudgetFilter is what the list of limits is narrowed to.
type BudgetFilter struct {
	Agent    string // a handle or an id
	Currency money.Currency
	Period   meter.Period
}

// At is the address of the list, with more pairs behind.
func (b BudgetFilter) At(f Frame, more ...string) string {
	return f.With("/budgets", append([]string{"agent", b.Agent, "currency", string(b.Currency), "period", string(b.Period)}, more...)...)
}

// BudgetList is the page of limits.
type BudgetList struct {
	Filter BudgetFilter
	Wrong  Errors
	// Currencies are those that limits speak of, the company's first.
	Currencies []money.Currency
	Rows       []LimitRow // of the page, the fullest first
	// Count is how many there are in all, and Together what the agents' own
	// allow together where a currency and a period are chosen.
	Count    int
	Together *Together
	// Rooms is what the chosen agent could spend now, Deciding the policies.
	Rooms    []policy.Headroom
	Deciding map[uuid.UUID]policy.Policy
	// Address is that of this page, Earlier and Later those of the ones beside it.
	Address, Earlier, Later string
}

func (b BudgetList) together() string {
	return money.Of(b.Together.Limit, b.Together.Currency).String()
}

func anyPeriod() []Option {
	options := []Option{{"", "Any period"}}
	for _, p := range meter.Periods() {
		name := PeriodAdjective(p)
		options = append(options, Option{string(p), string(name[0]-'a'+'A') + name[1:]})
	}
	return options
}

func currencyOptions(currencies []money.Currency, any string) []Option {
	options := []Option{{"", any}}
	for _, c := range currencies {
		options = append(options, Option{string(c), c.Upper()})
	}
	return options
}

func (l LimitRow) whosePath() string {
	if l.Agent == uuid.Nil {
		return policyPath(l.LimitState.Policy)
	}
	return AgentPath(l.Agent)
}
