package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// askStatus says what another status would change before anybody gives it.
func (v *visit) askStatus() error {
	p, err := v.thePolicy()
	if err != nil {
		return err
	}
	to := policy.Status(v.QueryParam("to"))
	if to == "" {
		to = views.NextStatus(p.Status)
	}
	return v.showStatus(http.StatusOK, p, to, views.Errors{})
}

func (v *visit) showStatus(code int, p policy.Policy, to policy.Status, wrong views.Errors) error {
	if !views.MayBecome(p.Status, to) {
		return fault.New(fault.Conflict, "status_impossible", "%s is %s by now, so this cannot be done.", p.Name, p.Status)
	}
	change := views.StatusChange{Policy: p, To: to, Errors: wrong}
	var err error
	if change.Words, err = v.words(); err != nil {
		return err
	}
	if change.Handles, err = v.handles(p.Agents...); err != nil {
		return err
	}
	if p.Status == policy.Active {
		if change.Bare, err = v.leftBare(p); err != nil {
			return err
		}
	}
	return v.show(code, views.PolicyStatusPage(v.titled(p.Name), change))
}

// setStatus gives the status, if the policy is still the one that was shown.
func (v *visit) setStatus() error {
	p, err := v.thePolicy()
	if err != nil {
		return err
	}
	to := policy.Status(v.FormValue("to"))
	seen, _ := strconv.Atoi(v.FormValue("version"))
	if !views.MayBecome(p.Status, to) || seen != p.Version {
		return v.statusStale(p, to)
	}
	c := p.Content
	c.Status = to
	if to != policy.Archived {
		if _, err := v.web.policies.Prepare(v.ctx(), v.tenant(), &c); err != nil {
			return v.statusRefused(p, to, err)
		}
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		if to == policy.Archived {
			_, err = v.web.policies.Archive(ctx, tx, v.tenant(), v.actor(), p.ID, []int{seen})
			return err
		}
		_, err = v.web.policies.Update(ctx, tx, v.tenant(), v.actor(), p.ID, []int{seen}, c)
		return err
	})
	if err != nil {
		return v.statusRefused(p, to, err)
	}
	return v.to("/policies/"+v.Param("id"), views.StatusDone(p.Name, to))
}

func (v *visit) statusRefused(p policy.Policy, to policy.Status, err error) error {
	if fault.Is(err, "version_stale") {
		now, err := v.web.policies.Get(v.ctx(), v.tenant(), p.ID)
		if err != nil {
			return err
		}
		return v.statusStale(now, to)
	}
	wrong, err := policyTroubles(err)
	if err != nil {
		return err
	}
	return v.showStatus(http.StatusUnprocessableEntity, p, to, wrong)
}

// statusStale shows the policy as it is now, and asks again.
func (v *visit) statusStale(now policy.Policy, to policy.Status) error {
	words, err := v.words()
	if err != nil {
		return err
	}
	told, _, _, err := v.history(now, words, 0)
	if err != nil {
		return err
	}
	text := "Nothing was done: " + told[0].By + " has saved version " + views.Count(now.Version) + " meanwhile. This is how it is now."
	return v.showStatus(http.StatusConflict, now, to, views.Errors{Text: text})
}

// leftBare names the agents that no active policy covers once this one is no
// longer active: whatever they ask for is denied.
func (v *visit) leftBare(p policy.Policy) (handles []string, err error) {
	covered := map[uuid.UUID]bool{}
	before := uuid.Nil
	for {
		active, err := v.web.policies.List(v.ctx(), v.tenant(), policy.Filter{Status: policy.Active}, before, listedPolicies)
		if err != nil {
			return nil, err
		}
		for _, other := range active {
			if other.ID == p.ID {
				continue
			}
			if len(other.Agents) == 0 {
				return nil, nil
			}
			for _, id := range other.Agents {
				covered[id] = true
			}
		}
		if len(active) < listedPolicies {
			break
		}
		before = active[len(active)-1].ID
	}
	return v.uncovered(p, covered)
}

func (v *visit) uncovered(p policy.Policy, covered map[uuid.UUID]bool) (handles []string, err error) {
	agents, err := v.web.companies.Agents(v.ctx(), v.tenant(), company.Page{Limit: mostAgents})
	if err != nil {
		return nil, err
	}
	for _, a := range agents {
		if !covered[a.ID] && (len(p.Agents) == 0 || slices.Contains(p.Agents, a.ID)) {
			handles = append(handles, a.Handle)
		}
	}
	slices.Sort(handles)
	return handles, nil
}
