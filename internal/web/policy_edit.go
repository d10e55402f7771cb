package web

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/static"
	"github.com/getpurser/purser/views"
)

// newPolicy opens the editor, empty or with a preset.
func (v *visit) newPolicy() error {
	d := views.PolicyDraft{Everyone: true, Presets: policy.Presets(v.frame.Company.Currency)}
	if key := v.QueryParam("preset"); key != "" {
		p, ok := presetOf(d.Presets, key)
		if !ok {
			return fault.Missing("preset")
		}
		presets := d.Presets
		d = v.draftOf(p.Content, 0)
		d.Presets = presets
	}
	return v.showEditor(http.StatusOK, d, nil)
}

func presetOf(presets []policy.Preset, key string) (policy.Preset, bool) {
	for _, p := range presets {
		if p.Key == key {
			return p, true
		}
	}
	return policy.Preset{}, false
}

// editPolicy opens the editor with a policy; with rules_of, with the rules of
// another one in their place.
func (v *visit) editPolicy() error {
	p, err := v.thePolicy()
	if err != nil {
		return err
	}
	d := v.draftOf(p.Content, p.Version)
	d.Original = &p
	if other := v.QueryParam("rules_of"); other != "" {
		id, ok := ident.Parse(ident.Policy, other)
		if !ok {
			return fault.Missing("policy")
		}
		source, err := v.web.policies.Get(v.ctx(), v.tenant(), id)
		if err != nil {
			return err
		}
		d.Rules = draftRules(source.Rules)
	}
	return v.showEditor(http.StatusOK, d, p.Agents)
}

// submitNew and submitEdit take what the editor sends, by whichever button.
func (v *visit) submitNew() error { return v.submitPolicy(nil) }

func (v *visit) submitEdit() error {
	p, err := v.thePolicy()
	if err != nil {
		return err
	}
	return v.submitPolicy(&p)
}

func (v *visit) submitPolicy(original *policy.Policy) error {
	form, err := v.FormParams()
	if err != nil {
		return fault.New(fault.Malformed, "malformed_form", "The form cannot be read.").Because(err)
	}
	d, agents := typedPolicy(form)
	d.Original = original
	do := form.Get("do")
	if arrange(&d, do, form.Get("add"), v.freshRule) {
		return v.showEditor(http.StatusOK, d, agents)
	}
	verb, what, _ := strings.Cut(do, ":")
	switch verb {
	case "find":
		d.Focus = "agent-search"
		return v.showEditor(http.StatusOK, d, agents)
	case "json", "form":
		return v.turnEditor(d, agents, verb == "json")
	case "simulate":
		return v.simulateInPage(d, agents, what)
	case "save", "try":
		return v.savePolicy(d, agents, verb == "try", policy.Status(what))
	}
	return v.checkDraft(d, agents)
}

// checkDraft shows what is wrong, and what the policy would do.
func (v *visit) checkDraft(d views.PolicyDraft, agents []uuid.UUID) error {
	_, d.Errors = v.typedContent(d, agents)
	return v.showEditor(statusOf(d.Errors), d, agents)
}

func statusOf(e views.Errors) int {
	if e.Any() {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// turnEditor turns the rules into JSON, right or wrong, or back into forms,
// which takes rules that are right: a form has no place for what is not.
func (v *visit) turnEditor(d views.PolicyDraft, agents []uuid.UUID, toJSON bool) error {
	rules, err := typedRuleList(d)
	switch {
	case toJSON && !d.AsJSON:
		text := rulesJSON(d.Rules)
		if err == nil {
			text = encoded(rules)
		}
		d.AsJSON, d.JSON = true, indented(text)
	case !toJSON && d.AsJSON && err != nil:
		d.Errors = views.Errors{Fields: map[string]string{}}
		explain(err, d.Errors)
		return v.showEditor(http.StatusUnprocessableEntity, d, agents)
	case !toJSON && d.AsJSON:
		d.AsJSON, d.Rules = false, draftRules(rules)
	}
	return v.showEditor(http.StatusOK, d, agents)
}

// showEditor fills in what the form needs beside what was typed, and shows it:
// whole, or to htmx without the frame.
func (v *visit) showEditor(status int, d views.PolicyDraft, agents []uuid.UUID) error {
	words, err := v.words()
	if err != nil {
		return err
	}
	if err := v.fillEditor(&d, agents); err != nil {
		return err
	}
	c, _ := v.typedContent(d, agents)
	d.Preview = previewOf(d, c, words)
	title := "New policy"
	if d.Original != nil {
		title = "Edit " + d.Original.Name
	}
	f := v.titled(title)
	f.Scripts = append(f.Scripts, views.Script{Src: static.URL("policy.js")})
	if v.isHTMX() {
		return v.show(status, views.PolicyEditor(f, d, words))
	}
	return v.show(status, views.PolicyEditorPage(f, d, words))
}

func (v *visit) fillEditor(d *views.PolicyDraft, agents []uuid.UUID) error {
	members, err := v.members()
	if err != nil {
		return err
	}
	d.Members = members
	return v.fillAgents(d, agents)
}

// previewPolicy is the part of the editor that says in words what was typed.
func (v *visit) previewPolicy() error {
	form, err := v.FormParams()
	if err != nil {
		return fault.New(fault.Malformed, "malformed_form", "The form cannot be read.").Because(err)
	}
	d, agents := typedPolicy(form)
	words, err := v.words()
	if err != nil {
		return err
	}
	c, _ := v.typedContent(d, agents)
	return v.show(http.StatusOK, views.PolicyPreviewPart(words, previewOf(d, c, words)))
}

// checkExpression is the note below an expression while it is typed.
func (v *visit) checkExpression() error {
	text := strings.ReplaceAll(v.FormValue(cmp.Or(v.QueryParam("field"), "when")), "\r\n", "\n")
	return v.show(http.StatusOK, views.ExpressionNote(text))
}
