package views

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/getpurser/purser/internal/audit/proof"
)

// AuditFilters are those in an address, as they were typed. From and To are
// days such as 2027-01-31, both included.
type AuditFilters struct {
	Agent, Type, Actor, From, To string
	// Before is the position that a further page begins below.
	Before string
}

// At is the address of the list with these filters.
func (a AuditFilters) At(f Frame) string { return f.With("/audit", a.pairs()...) }

// export is the address of a file with everything that matches.
func (a AuditFilters) export(f Frame, format string) string {
	a.Before = ""
	return f.With("/audit/export", append(a.pairs(), "format", format)...)
}

func (a AuditFilters) pairs() []string {
	return []string{"agent", a.Agent, "type", a.Type, "actor", a.Actor, "from", a.From, "to", a.To, "before", a.Before}
}

// any says whether something is filtered.
func (a AuditFilters) any() bool { return a.Agent+a.Type+a.Actor+a.From+a.To != "" }

// AuditPage is a page of the log.
type AuditPage struct {
	Filters AuditFilters
	Wrong   Errors
	Events  []Event
	// Actors are those who may be looked for.
	Actors []Option
	// Next is the address of older events.
	Next string
}

// Event is a record of the log with the names of those that it is about.
type Event struct {
	proof.Record
	// By is what people call the actor; the id where nobody knows.
	By string
	// Handle is the agent's, if it is about one.
	Handle string
	// names are those of actors by their public ids.
	names map[string]string
	data  map[string]any
}

// NewEvent reads a record. Names and handles are by public id.
func NewEvent(r proof.Record, names, handles map[string]string) Event {
	e := Event{Record: r, By: names[r.Actor], names: names}
	if r.Actor == "system" {
		e.By = "Purser"
	}
	if e.By == "" {
		e.By = r.Actor
	}
	if r.Agent != nil {
		if e.Handle = handles[*r.Agent]; e.Handle == "" {
			e.Handle = *r.Agent
		}
	}
	d := json.NewDecoder(bytes.NewReader(r.Data))
	d.UseNumber()
	if d.Decode(&e.data) != nil {
		e.data = nil // an event without an object has nothing to tell of it
	}
	return e
}

// text is a member of the event's data, shown as what it is.
func (e Event) text(name string) string {
	switch s := e.data[name].(type) {
	case string:
		return visible(s)
	case json.Number:
		return s.String()
	}
	return ""
}

// typeOptions are what a list can be narrowed to: families, and below each its
// types.
func typeOptions(chosen string) []Option {
	out := []Option{{"", "Everything"}}
	for _, family := range eventTypes {
		out = append(out, Option{family.name + ".*", family.label})
		for _, t := range family.types {
			out = append(out, Option{family.name + "." + t, "– " + strings.ReplaceAll(t, "_", " ")})
		}
	}
	for _, o := range out {
		if o.Value == chosen {
			return out
		}
	}
	return append(out, Option{chosen, chosen})
}

var eventTypes = []struct {
	name, label string
	types       []string
}{
	{"authorization", "Authorizations", []string{"approved", "held", "denied", "confirmed", "voided", "expired", "redeemed"}},
	{"approval", "Approvals", []string{"voted"}},
	{"agent", "Agents", []string{"created", "updated", "frozen", "unfrozen", "deleted"}},
	{"policy", "Policies", []string{"created", "updated", "archived"}},
	{"key", "API keys", []string{"created", "rerolled", "revoked"}},
	{"member", "Members", []string{"invited", "joined", "role_changed", "removed", "messages_chosen", "stand_in_named", "stand_in_dropped"}},
	{"company", "Company", []string{"created", "updated", "frozen", "unfrozen"}},
	{"card", "Cards", []string{"created", "loaded", "updated", "frozen", "unfrozen", "canceled", "revealed", "reveal_refused"}},
	{"card_provider", "Card providers", []string{"connected", "disconnected"}},
	{"ledger", "Ledger", []string{"posted", "floor_changed"}},
	{"reconciliation", "Reconciliation", []string{"started", "differs"}},
	{"webhook", "Webhooks", []string{"created", "updated", "deleted", "disabled", "secret_rotated"}},
	{"slack", "Chat channel", []string{"connected", "disconnected"}},
}

// subjectPath is the page of the thing that an event is about; empty where it
// has none.
func subjectPath(subject string) string {
	prefix, _, _ := strings.Cut(subject, "_")
	switch prefix {
	case "auth":
		return "/authorizations/" + subject
	case "agent":
		return "/agents/" + subject
	case "pol":
		return "/policies/" + subject
	case "card":
		return "/cards/" + subject
	case "txn":
		return "/ledger/" + subject
	case "rec":
		return "/reconciliation/" + subject
	case "co":
		return "/settings/company"
	}
	return ""
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// hashes is how many there are in a proof.
func hashes(n int) string {
	if n == 1 {
		return "1 hash"
	}
	return Count(n) + " hashes"
}
