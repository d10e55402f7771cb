package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/views"
)

// shownVersions is how many versions a policy's page tells at once.
const shownVersions = 10

// thePolicy is the one that the address names.
func (v *visit) thePolicy() (policy.Policy, error) {
	id, ok := ident.Parse(ident.Policy, v.Param("id"))
	if !ok {
		return policy.Policy{}, fault.Missing("policy")
	}
	return v.web.policies.Get(v.ctx(), v.tenant(), id)
}

func (v *visit) policy() error {
	p, err := v.thePolicy()
	if err != nil {
		return err
	}
	page := views.PolicyPage{Policy: p}
	if page.Words, err = v.words(); err != nil {
		return err
	}
	if page.Warnings, err = p.Content.Check(); err != nil {
		return err
	}
	before, _ := strconv.Atoi(v.QueryParam("before"))
	var more bool
	if page.History, page.Handles, more, err = v.history(p, page.Words, max(0, before)); err != nil {
		return err
	}
	if more {
		last := page.History[len(page.History)-1].Number()
		page.Older = v.frame.With("/policies/"+v.Param("id"), "before", strconv.Itoa(last))
	}
	return v.show(http.StatusOK, views.Policy(v.titled(p.Name), page))
}

// history tells the versions below before (0: the newest), each with what it
// changed. The handles are those of every agent that one of them names, and of
// those of the policy.
func (v *visit) history(p policy.Policy, w views.Words, before int) (told []views.PolicyVersion, handles map[uuid.UUID]string, more bool, err error) {
	// One more, to say what the last one changed.
	versions, err := v.web.policies.Versions(v.ctx(), v.tenant(), p.ID, before, shownVersions+1)
	if err != nil {
		return nil, nil, false, err
	}
	named := slices.Clone(p.Agents)
	for _, version := range versions {
		named = append(named, version.Agents...)
	}
	if handles, err = v.handles(named...); err != nil {
		return nil, nil, false, err
	}
	told, err = v.told(versions, w, handles)
	if len(told) > shownVersions {
		return told[:shownVersions], handles, true, err
	}
	return told, handles, false, err
}

// told are versions, newest first, with their authors and what each changed
// against the next in the list.
func (v *visit) told(versions []policy.Version, w views.Words, handles map[uuid.UUID]string) ([]views.PolicyVersion, error) {
	comparer := views.Comparer{Frame: v.frame, Words: w, Handles: handles}
	names := v.names(w)
	told := make([]views.PolicyVersion, len(versions))
	for i, version := range versions {
		told[i] = views.PolicyVersion{Version: version}
		var err error
		if told[i].By, err = names.of(version.WrittenBy); err != nil {
			return nil, err
		}
		if i+1 < len(versions) {
			told[i].Changes = comparer.Differences(versions[i+1].Content, version.Content)
		}
	}
	return told, nil
}

// policyVersion shows one version beside another: the one before, or the one
// that is asked for.
func (v *visit) policyVersion() error {
	p, err := v.thePolicy()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.Param("version"))
	if err != nil || n < 1 || n > p.Version {
		return fault.Missing("version")
	}
	with := n - 1
	if text := v.QueryParam("with"); text != "" {
		if with, err = strconv.Atoi(text); err != nil || with < 1 || with > p.Version {
			return fault.Missing("version")
		}
	}
	page := views.PolicyComparison{Policy: p}
	if page.WithWords, err = v.words(); err != nil {
		return err
	}
	if err := v.compare(&page, n, with); err != nil {
		return err
	}
	return v.show(http.StatusOK, views.PolicyVersionPage(v.titled(p.Name), page))
}

// compare fills in the two versions; with 0 there is no other.
func (v *visit) compare(page *views.PolicyComparison, n, with int) error {
	after, err := v.version(page.Policy.ID, n)
	if err != nil {
		return err
	}
	both, named := []policy.Version{after}, after.Agents
	if with > 0 && with != n {
		before, err := v.version(page.Policy.ID, with)
		if err != nil {
			return err
		}
		both, named = append(both, before), slices.Concat(named, before.Agents)
	}
	handles, err := v.handles(named...)
	if err != nil {
		return err
	}
	told, err := v.told(both, page.WithWords, handles)
	if err != nil {
		return err
	}
	page.New = told[0]
	if len(told) > 1 {
		page.Old = &told[1]
		page.Parts = views.Comparer{Frame: v.frame, Words: page.WithWords, Handles: handles}.Compare(both[1].Content, after.Content)
	}
	return nil
}

func (v *visit) version(id uuid.UUID, n int) (policy.Version, error) {
	found, err := v.web.policies.Versions(v.ctx(), v.tenant(), id, n+1, 1)
	if err == nil && (len(found) == 0 || found[0].Version != n) {
		err = fault.Missing("version")
	}
	if err != nil {
		return policy.Version{}, err
	}
	return found[0], nil
}
