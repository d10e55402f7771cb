package web

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/lookalike"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// theAuthorization is the one that the address names.
func (v *visit) theAuthorization() (uuid.UUID, error) {
	id, ok := ident.Parse(ident.Authorization, v.Param("id"))
	if !ok {
		return id, fault.Missing("authorization")
	}
	return id, nil
}

func (v *visit) authorization() error {
	page, err := v.authorizationPage()
	if err != nil {
		return err
	}
	return v.showAuthorization(http.StatusOK, page)
}

func (v *visit) showAuthorization(status int, page views.AuthorizationPage) error {
	return v.show(status, views.Authorization(v.titled(page.Of.Money(page.Of.Requested).String()+" to "+lookalike.Spelled(page.Of.Merchant.Name)), page))
}

// authorizationPage gathers everything about the authorization.
func (v *visit) authorizationPage() (page views.AuthorizationPage, err error) {
	id, err := v.theAuthorization()
	if err != nil {
		return page, err
	}
	result, err := v.web.spend.Get(v.ctx(), v.call(), id, 0)
	if err != nil {
		return page, err
	}
	page.Of, page.Approval = result.Authorization, result.Approval
	page.Confirm.Amount = page.Of.Money(page.Of.Amount).Decimal()
	handles, err := v.handles(page.Of.Agent)
	if err != nil {
		return page, err
	}
	page.Handle = handles[page.Of.Agent]
	if err := v.explain(&page); err != nil {
		return page, err
	}
	page.Line, err = v.timeLine(&page)
	return page, err
}

// explain reads the trace, with the rules as they were.
func (v *visit) explain(page *views.AuthorizationPage) error {
	words, err := v.words()
	if err != nil {
		return err
	}
	steps, err := views.ReadTrace(page.Of.Trace)
	if err != nil {
		return err
	}
	rules := map[policy.VersionRef]policy.Policy{}
	for _, s := range steps {
		if _, known := rules[s.Ref()]; known {
			continue
		}
		version, err := v.version(s.ID(), s.Version)
		if err != nil && fault.From(err).Kind != fault.NotFound {
			return err
		}
		rules[s.Ref()] = version.Policy
	}
	page.Explainer = views.Explainer{Frame: v.frame, Words: words, Of: page.Of, Handle: page.Handle, Rules: rules, Names: words.People}
	page.Groups = views.GroupTrace(steps, rules)
	return nil
}

func (v *visit) confirmAuthorization() error {
	id, err := v.theAuthorization()
	if err != nil {
		return err
	}
	form := views.ConfirmForm{Amount: v.FormValue("amount"), Reference: v.FormValue("reference")}
	done, err := v.confirm(id, form)
	if err == nil {
		return v.to(views.AuthorizationPath(done), done.Money(done.Amount).String()+" is confirmed as spent.")
	}
	if form.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.authorizationAgain(func(page *views.AuthorizationPage) { page.Confirm = form })
}

func (v *visit) confirm(id uuid.UUID, form views.ConfirmForm) (*spend.Authorization, error) {
	reference, err := company.Text("reference", form.Reference, 0, 256)
	if err != nil {
		return nil, err
	}
	amount := money.Number(strings.TrimSpace(form.Amount))
	result, err := v.web.spend.Confirm(v.ctx(), v.call(), id, &amount, reference)
	return result.Authorization, err
}

func (v *visit) voidAuthorization() error {
	id, err := v.theAuthorization()
	if err != nil {
		return err
	}
	form := views.VoidForm{Reason: v.FormValue("reason")}
	reason, err := company.Prose("reason", form.Reason, 0, 1000)
	if err == nil {
		var done spend.Result
		if done, err = v.web.spend.Void(v.ctx(), v.call(), id, reason); err == nil {
			return v.to(views.AuthorizationPath(done.Authorization), "The request is voided, and its budget is free again.")
		}
	}
	if form.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.authorizationAgain(func(page *views.AuthorizationPage) { page.Void = form })
}

// authorizationAgain shows the page with a form that could not be done. Where
// the state itself forbids it, there is no form any more: the page says so on
// top.
func (v *visit) authorizationAgain(fill func(*views.AuthorizationPage)) error {
	page, err := v.authorizationPage()
	if err != nil {
		return err
	}
	fill(&page)
	status := http.StatusUnprocessableEntity
	if text := page.Confirm.Wrong.Text + page.Void.Wrong.Text; text != "" {
		status = http.StatusConflict
		v.frame.Flash = views.Flash{Kind: views.Failed, Text: text}
		page.Confirm.Wrong.Text, page.Void.Wrong.Text = "", ""
	}
	return v.showAuthorization(status, page)
}
