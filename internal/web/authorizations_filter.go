package web

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// maxFilterText bounds one filter, in bytes; what is longer is cut.
const maxFilterText = 300

// filterText is one filter of the address.
func (v *visit) filterText(name string) string {
	text := v.QueryParam(name)
	return text[:min(len(text), maxFilterText)]
}

// listFilter reads the filters of a list of authorizations from the address,
// and what they mean for a search. A filter that cannot be read is told by its
// field.
func (v *visit) listFilter() (views.ListFilter, spend.Search, views.Errors, error) {
	l := views.ListFilter{Agent: v.filterText("agent"), Policy: v.filterText("policy"), Status: v.filterText("status"), Decision: v.filterText("decision"),
		Merchant: v.filterText("merchant"), MerchantKey: v.filterText("merchant_key"), Currency: v.filterText("currency"),
		Rail: v.filterText("rail"), Reason: v.filterText("reason"), From: v.filterText("from"), To: v.filterText("to"), Q: v.filterText("q")}
	q := spend.Search{Filter: spend.Filter{Decision: l.Decision, Merchant: l.Merchant, MerchantKey: l.MerchantKey, Rail: l.Rail},
		ReasonCode: l.Reason, Text: l.Q}
	if l.Merchant != "" {
		q.MerchantKey = policy.Normal(l.Merchant)
	}
	wrong := views.Errors{Fields: map[string]string{}}
	readStatus(l.Status, &q)
	v.readBounds(l, &q, wrong)
	if l.Currency != "" {
		c, err := money.ParseCurrency(l.Currency)
		if err != nil {
			wrong.Fields["currency"] = fault.From(err).Text
		}
		q.Currency = string(c)
	}
	var err error
	q.Agent, err = v.agentNamed(&l)
	if fault.From(err).Kind == fault.NotFound {
		wrong.Fields["agent"], err = "There is no agent of this handle or id.", nil
	}
	if err == nil {
		q.Agents, err = v.agentsOfPolicy(l.Policy)
	}
	return l, q, wrong, err
}

// agentsOfPolicy are the agents that a policy names; none are all.
func (v *visit) agentsOfPolicy(text string) ([]uuid.UUID, error) {
	if text == "" {
		return nil, nil
	}
	id, ok := ident.Parse(ident.Policy, text)
	if !ok {
		return nil, fault.Missing("policy")
	}
	p, err := v.web.policies.Get(v.ctx(), v.tenant(), id)
	return p.Agents, err
}

// readStatus takes one status, or a set of them by its name.
func readStatus(status string, q *spend.Search) {
	switch status {
	case views.OpenStatus:
		q.Statuses = []spend.Status{spend.Pending, spend.Held}
	case views.CountedStatus:
		q.Statuses = []spend.Status{spend.Confirmed, spend.Pending, spend.Held}
	default:
		q.Status = spend.Status(status)
	}
}

// agentNamed finds the agent of a filter, and shows it by its handle.
func (v *visit) agentNamed(l *views.ListFilter) (uuid.UUID, error) {
	if l.Agent == "" {
		return uuid.Nil, nil
	}
	a, err := v.web.companies.Agent(v.ctx(), v.tenant(), l.Agent)
	if err != nil {
		return uuid.Nil, err
	}
	if a.Status != company.AgentDeleted { // whose handle may be another's now
		l.Agent = a.Handle
	}
	return a.ID, nil
}

// readBounds reads from and to: local dates, the last one included, or instants.
func (v *visit) readBounds(l views.ListFilter, q *spend.Search, wrong views.Errors) {
	const mistake = "A date such as 2026-03-31 is expected here."
	var ok bool
	if q.From, ok = bound(l.From, v.frame.Zone(), func(w meter.Window) time.Time { return w.From }); !ok {
		wrong.Fields["from"] = mistake
	}
	if q.To, ok = bound(l.To, v.frame.Zone(), func(w meter.Window) time.Time { return w.To }); !ok {
		wrong.Fields["to"] = mistake
	}
}

func bound(text string, zone *time.Location, end func(meter.Window) time.Time) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, sane(at)
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || !sane(day) {
		return time.Time{}, false
	}
	y, m, d := day.Date()
	return end(meter.Day.Window(meter.FirstInstant(y, m, d, 0, zone), zone)), true
}

// sane says whether an instant can be compared with those of the database.
func sane(at time.Time) bool { return at.Year() >= 1 && at.Year() <= 9000 }

// idBefore is where a page of a list goes on: an id that was its last one.
func (v *visit) idBefore(p ident.Prefix) (uuid.UUID, error) {
	text := v.QueryParam("before")
	if text == "" {
		return uuid.Nil, nil
	}
	id, ok := ident.Parse(p, text)
	if !ok {
		return uuid.Nil, fault.Missing("page")
	}
	return id, nil
}

// rowsOf gives authorizations the handles of their agents.
func (v *visit) rowsOf(found []*spend.Authorization) ([]views.AuthorizationRow, error) {
	ids := make([]uuid.UUID, len(found))
	for i, a := range found {
		ids[i] = a.Agent
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	handles, err := v.handles(slices.Compact(ids)...)
	rows := make([]views.AuthorizationRow, len(found))
	for i, a := range found {
		rows[i] = views.AuthorizationRow{Authorization: a, Handle: cmp.Or(handles[a.Agent], ident.Format(ident.Agent, a.Agent))}
	}
	return rows, err
}
