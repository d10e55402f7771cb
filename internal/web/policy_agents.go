package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/views"
)

// foundAgents is how many agents a search shows, and mostAgents how many are
// looked through.
const foundAgents, mostAgents = 20, 10_000

// fillAgents names the chosen agents and finds others to choose.
func (v *visit) fillAgents(d *views.PolicyDraft, chosen []uuid.UUID) error {
	known, err := v.web.companies.AgentsByID(v.ctx(), v.tenant(), chosen)
	if err != nil {
		return err
	}
	for _, id := range chosen {
		if a, ok := known[id]; ok {
			d.Agents = append(d.Agents, views.PolicyAgent{ID: a.ID, Handle: a.Handle, Name: a.Name})
		}
	}
	d.Found, d.FoundMore, err = v.findAgents(d.Search, chosen)
	return err
}

// findAgents looks for agents whose handle or name holds the text, beside those
// that are chosen; those whose handle begins with it come first.
func (v *visit) findAgents(text string, chosen []uuid.UUID) (found []views.PolicyAgent, more bool, err error) {
	text = strings.ToLower(text)
	page := company.Page{Limit: mostAgents}
	agents, err := v.web.companies.Agents(v.ctx(), v.tenant(), page)
	if err != nil {
		return nil, false, err
	}
	for _, a := range agents {
		matches := strings.Contains(a.Handle, text) || strings.Contains(strings.ToLower(a.Name), text)
		if matches && !slices.Contains(chosen, a.ID) {
			found = append(found, views.PolicyAgent{ID: a.ID, Handle: a.Handle, Name: a.Name})
		}
	}
	slices.SortStableFunc(found, func(a, b views.PolicyAgent) int {
		if x, y := strings.HasPrefix(a.Handle, text), strings.HasPrefix(b.Handle, text); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Handle, b.Handle)
	})
	if len(found) > foundAgents {
		return found[:foundAgents], true, nil
	}
	return found, false, nil
}

// searchAgents is the part of the editor that lists agents to choose.
func (v *visit) searchAgents() error {
	form, err := v.FormParams()
	if err != nil {
		return fault.New(fault.Malformed, "malformed_form", "The form cannot be read.").Because(err)
	}
	d, agents := typedPolicy(form)
	d.Everyone = false
	if err := v.fillAgents(&d, agents); err != nil {
		return err
	}
	return v.show(http.StatusOK, views.PolicyAgents(v.frame, d))
}
