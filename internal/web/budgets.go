package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

func (w *Web) budgetPages() []page {
	return []page{{http.MethodGet, "/budgets", member, access.ScopeRead, (*visit).budgets}}
}

// listedBudgets is how many limits a page of the list has.
const listedBudgets = 50

func (v *visit) budgets() error {
	list := views.BudgetList{Filter: views.BudgetFilter{Agent: v.filterText("agent"), Currency: money.Currency(strings.ToLower(v.filterText("currency"))),
		Period: meter.Period(v.filterText("period"))}}
	agent, err := v.budgetsOf(&list)
	if err != nil {
		return err
	}
	list.Address = list.Filter.At(v.frame)
	if list.Wrong.Any() {
		return v.show(http.StatusUnprocessableEntity, views.Budgets(v.titled("Budgets"), list))
	}
	rows, rooms, err := v.limitsOf(agent)
	if err != nil {
		return err
	}
	if agent != uuid.Nil {
		list.Rooms = rooms[agent]
		if list.Deciding, err = v.activePolicies(); err != nil {
			return err
		}
	}
	list.Currencies = v.currenciesFirst(rows)
	rows = slices.DeleteFunc(rows, func(l views.LimitRow) bool {
		return list.Filter.Currency != "" && l.Currency != list.Filter.Currency || list.Filter.Period != "" && l.Period != list.Filter.Period
	})
	if list.Filter.Currency != "" && list.Filter.Period != "" {
		together := views.AddLimits(rows, list.Filter.Period, list.Filter.Currency)
		list.Together = &together
	}
	v.budgetPage(&list, rows)
	return v.show(http.StatusOK, views.Budgets(v.titled("Budgets"), list))
}

// budgetsOf finds the agent of the filter, nil for all.
func (v *visit) budgetsOf(list *views.BudgetList) (uuid.UUID, error) {
	if list.Filter.Agent == "" {
		return uuid.Nil, nil
	}
	a, err := v.web.companies.Agent(v.ctx(), v.tenant(), list.Filter.Agent)
	if fault.From(err).Kind == fault.NotFound {
		list.Wrong = views.Errors{Fields: map[string]string{"agent": "There is no agent of this handle or id."}}
		return uuid.Nil, nil
	}
	if err == nil && a.Status != company.AgentDeleted {
		list.Filter.Agent = a.Handle
	}
	return a.ID, err
}

// budgetPage takes the rows of one page: they are in an order that changes with
// every payment, so a page is a number.
func (v *visit) budgetPage(list *views.BudgetList, rows []views.LimitRow) {
	list.Count = len(rows)
	number, err := strconv.Atoi(v.QueryParam("page"))
	if err != nil || number < 1 || number > 1+(list.Count-1)/listedBudgets {
		number = 1
	}
	first := min((number-1)*listedBudgets, len(rows))
	last := min(first+listedBudgets, len(rows))
	list.Rows = rows[first:last]
	if number > 1 {
		list.Address = list.Filter.At(v.frame, "page", strconv.Itoa(number))
		list.Earlier = list.Filter.At(v.frame, "page", strconv.Itoa(number-1))
	}
	if last < len(rows) {
		list.Later = list.Filter.At(v.frame, "page", strconv.Itoa(number+1))
	}
}

// limitsOf are those in force of one agent, or of all where that is nil, the
// fullest first, with what each agent could spend now.
func (v *visit) limitsOf(agent uuid.UUID) ([]views.LimitRow, map[uuid.UUID][]policy.Headroom, error) {
	var only []uuid.UUID
	if agent != uuid.Nil {
		only = []uuid.UUID{agent}
	}
	rooms, err := v.web.spend.Budgets(v.ctx(), v.tenant(), only)
	if err != nil {
		return nil, nil, err
	}
	handles, err := v.handles(slices.Collect(maps.Keys(rooms))...)
	if err != nil {
		return nil, nil, err
	}
	policies, err := v.activePolicies()
	return views.AllLimits(rooms, handles, policies), rooms, err
}

// currenciesFirst are the currencies of limits, the company's first.
func (v *visit) currenciesFirst(rows []views.LimitRow) []money.Currency {
	seen := map[money.Currency]bool{}
	for _, l := range rows {
		seen[l.Currency] = true
	}
	own := v.frame.Company.Currency
	delete(seen, own)
	return append([]money.Currency{own}, slices.Sorted(maps.Keys(seen))...)
}
