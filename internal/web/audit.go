package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

func (w *Web) auditPages() []page {
	return []page{
		{http.MethodGet, "/audit", member, access.ScopeRead, (*visit).auditLog},
		{http.MethodGet, "/audit/export", member, access.ScopeRead, (*visit).exportLog},
		{http.MethodGet, "/audit/verify", member, access.ScopeRead, (*visit).askVerifyLog},
		{http.MethodGet, "/audit/verify/run", member, access.ScopeRead, (*visit).verifyTelling},
		{http.MethodGet, "/audit/verify/report", member, access.ScopeRead, (*visit).verifyLog},
		{http.MethodGet, "/audit/:id", member, access.ScopeRead, (*visit).oneEvent},
		{http.MethodGet, "/audit/:id/proof", member, access.ScopeRead, (*visit).proveEvent},
	}
}

// auditFilters are those in the address, as they were typed.
func (v *visit) auditFilters() views.AuditFilters {
	return views.AuditFilters{Agent: strings.TrimSpace(v.QueryParam("agent")), Type: v.QueryParam("type"),
		Actor: v.QueryParam("actor"), From: v.QueryParam("from"), To: v.QueryParam("to")}
}

// auditFilter reads the filters; days are the company's, the last one included.
func (v *visit) auditFilter(in views.AuditFilters) (audit.Filter, error) {
	f := audit.Filter{Type: in.Type, Actor: in.Actor}
	if in.Agent != "" {
		a, err := v.web.companies.Agent(v.ctx(), v.tenant(), in.Agent)
		if fault.Is(err, "not_found") {
			return f, fault.BadField("agent", "unknown_agent", "There is no such agent in %s mode.", v.tenant().Mode())
		}
		if err != nil {
			return f, err
		}
		f.Agent = &a.ID
	}
	from, err := v.dayStart("from", in.From)
	if err != nil {
		return f, err
	}
	f.From = from
	if f.To, err = v.dayStart("to", in.To); err == nil && f.To != nil {
		end := f.To.AddDate(0, 0, 1)
		f.To = &end
	}
	return f, err
}

// dayStart is when a day begins by the company's clock; nil for no day.
func (v *visit) dayStart(field, day string) (*time.Time, error) {
	if day == "" {
		return nil, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, day, v.frame.Zone())
	if err != nil {
		return nil, fault.BadField(field, "malformed_date", "This is not a date such as 2027-01-31.")
	}
	return &at, nil
}

func (v *visit) auditLog() error {
	page := views.AuditPage{Filters: v.auditFilters()}
	status := http.StatusOK
	filter, err := v.auditFilter(page.Filters)
	var rows []proof.Record
	if err == nil {
		rows, page.Next, err = v.auditRows(filter, page.Filters)
	}
	if err != nil {
		if page.Wrong, err = troubles(err); err != nil {
			return err
		}
		status = http.StatusUnprocessableEntity
	}
	if page.Events, err = v.events(rows); err != nil {
		return err
	}
	if page.Actors, err = v.actorOptions(page.Filters.Actor); err != nil {
		return err
	}
	return v.show(status, views.AuditLog(v.titled("Audit log"), page))
}

// auditRows are the events of the page, and the address of older ones.
func (v *visit) auditRows(f audit.Filter, typed views.AuditFilters) ([]proof.Record, string, error) {
	var before *int64
	if named := v.QueryParam("before"); named != "" {
		n, err := strconv.ParseInt(named, 10, 64)
		if err != nil || n < 0 {
			return nil, "", fault.Missing("page")
		}
		before = &n
	}
	rows, more, err := v.web.audit.List(v.ctx(), v.tenant(), f, before, pageRows)
	if err != nil || !more {
		return rows, "", err
	}
	typed.Before = strconv.FormatInt(rows[len(rows)-1].Position, 10)
	return rows, typed.At(v.frame), nil
}

// events gives records the names of those that they are about.
func (v *visit) events(rows []proof.Record) ([]views.Event, error) {
	var actors []string
	var agents []uuid.UUID
	for _, r := range rows {
		actors = append(actors, r.Actor)
		if _, isKey := ident.Parse(ident.Key, r.Subject); isKey {
			actors = append(actors, r.Subject) // events of keys do not all carry the name
		}
		if r.Agent == nil {
			continue
		}
		if id, ok := ident.Parse(ident.Agent, *r.Agent); ok {
			agents = append(agents, id)
		}
	}
	slices.Sort(actors)
	names, err := v.web.access.ActorNames(v.ctx(), v.tenant(), slices.Compact(actors))
	if err != nil {
		return nil, err
	}
	known, err := v.web.companies.AgentsByID(v.ctx(), v.tenant(), agents)
	if err != nil {
		return nil, err
	}
	handles := map[string]string{}
	for id, a := range known {
		handles[ident.Format(ident.Agent, id)] = a.Handle
	}
	out := make([]views.Event, len(rows))
	for i, r := range rows {
		out[i] = views.NewEvent(r, names, handles)
	}
	return out, nil
}

// oneEvent shows an event with everything that is recorded about it.
func (v *visit) oneEvent() error {
	p, err := v.inclusion()
	if err != nil {
		return err
	}
	var r proof.Record
	if err := json.Unmarshal(p.Event, &r); err != nil {
		return err
	}
	rows, err := v.events([]proof.Record{r})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.AuditEvent(v.titled("Event"), rows[0], p))
}

func (v *visit) inclusion() (proof.Inclusion, error) {
	id, err := v.pathID(ident.Event, "event")
	if err != nil {
		return proof.Inclusion{}, err
	}
	return v.web.audit.Proof(v.ctx(), v.tenant(), id)
}

// proveEvent gives the proof as the API does, to be kept and checked offline.
func (v *visit) proveEvent() error {
	p, err := v.inclusion()
	if err != nil {
		return err
	}
	v.asFile("proof-" + v.Param("id") + ".json")
	return v.JSON(http.StatusOK, p)
}

// asFile has the browser keep the answer as a file. The name holds nothing that
// would have to be quoted.
func (v *visit) asFile(name string) {
	h := v.Response().Header()
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
}

// actorOptions are those who may be looked for: the company's people and keys,
// and whoever is being looked for now.
func (v *visit) actorOptions(chosen string) ([]views.Option, error) {
	out := []views.Option{{Value: "", Label: "Anybody"}, {Value: string(audit.BySystem), Label: "Purser itself"}}
	people, err := v.members()
	if err != nil {
		return nil, err
	}
	for _, m := range people {
		out = append(out, views.Option{Value: ident.Format(ident.Member, m.ID), Label: m.Email})
	}
	if slices.ContainsFunc(out, func(o views.Option) bool { return o.Value == chosen }) {
		return out, nil
	}
	names, err := v.web.access.ActorNames(v.ctx(), v.tenant(), []string{chosen})
	label := names[chosen]
	if label == "" {
		label = chosen
	}
	return append(out, views.Option{Value: chosen, Label: label}), err
}
