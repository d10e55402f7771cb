package web

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/static"
	"github.com/getpurser/purser/views"
)

// welcomeCookie holds the company whose owner is in the middle of the guide, so
// that coming back leads there.
const welcomeCookie = "purser_welcome"

func (w *Web) welcomePages() []page {
	return []page{
		{http.MethodGet, "/welcome", person, "", (*visit).welcome},
		{http.MethodGet, "/welcome/arrival", person, "", (*visit).welcomeArrival},
		{http.MethodPost, "/welcome/company", person, "", (*visit).makeCompany},
		{http.MethodPost, "/welcome/agent", person, "", (*visit).makeFirstAgent},
		{http.MethodPost, "/welcome/policy", person, "", (*visit).makeFirstPolicy},
		{http.MethodPost, "/welcome/key", person, "", (*visit).makeFirstKey},
		{http.MethodPost, "/welcome/leave", person, "", (*visit).leaveWelcome},
	}
}

// bothSides are the two modes of the person's company, in the order in which they
// are locked.
func (v *visit) bothSides() []ident.Tenant {
	return []ident.Tenant{{Company: v.tenant().Company}, {Company: v.tenant().Company, Live: true}}
}

// onTestSide is the person acting in test mode.
func (v *visit) onTestSide() access.Principal {
	p := v.who
	p.Tenant.Live = false
	return p
}

// leadToWelcome leads whoever is in the middle of the guide back to it, and
// says whether it did.
func (v *visit) leadToWelcome() (bool, error) {
	if !v.frame.Live || value(v.Request(), welcomeCookie) != publicCompany(v.tenant().Company) || !v.who.Can(access.ScopeAdmin) {
		return false, nil
	}
	return true, v.redirect("/welcome")
}

// progress finds out where somebody is, from what there is: nothing is noted
// beside it, so the guide goes on wherever it was left.
func (v *visit) progress() (views.WelcomePage, error) {
	if v.who.Tenant.Company == uuid.Nil {
		return views.WelcomePage{Step: views.WelcomeCompany}, nil
	}
	if err := v.who.Need(access.ScopeAdmin); err != nil {
		return views.WelcomePage{}, err
	}
	test := v.onTestSide()
	agents, err := v.web.companies.Agents(v.ctx(), test.Tenant, company.Page{Limit: 1})
	if err != nil || len(agents) == 0 {
		return views.WelcomePage{Step: views.WelcomeAgent}, err
	}
	page := views.WelcomePage{Agent: agents[0], Step: views.WelcomePolicy}
	policies, err := v.web.policies.List(v.ctx(), test.Tenant, policy.Filter{Status: policy.Active}, uuid.Nil, 1)
	if err != nil || len(policies) == 0 {
		return page, err
	}
	page.Step = views.WelcomeKey
	keys, err := v.web.access.Keys(v.ctx(), test, nil, company.Page{Limit: 1})
	if err != nil || len(keys) == 0 {
		return page, err
	}
	page.Step = views.WelcomeRequest
	page.First, err = v.firstRequest(test.Tenant)
	return page, err
}

// firstRequest is the newest authorization of the test side: while there is
// only one, the first.
func (v *visit) firstRequest(t ident.Tenant) (*spend.Authorization, error) {
	rows, err := v.web.spend.List(v.ctx(), t, spend.Filter{}, uuid.Nil, 1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

func (v *visit) welcome() error {
	page, err := v.progress()
	if fault.Is(err, "insufficient_scope") {
		return v.redirect("/overview") // a company is theirs to see, not to set up
	}
	if err != nil {
		return err
	}
	return v.showWelcome(http.StatusOK, page)
}

func (v *visit) welcomeArrival() error {
	page, err := v.progress()
	if err != nil {
		return err
	}
	if !v.isHTMX() {
		return v.redirect("/welcome")
	}
	return v.show(http.StatusOK, views.WelcomeArrival(v.frame, page))
}

// leaveWelcome ends the guide, finished or not.
func (v *visit) leaveWelcome() error {
	v.dropCookie(welcomeCookie)
	return v.redirect("/overview")
}

// showWelcome fills in what the step's form begins with.
func (v *visit) showWelcome(status int, page views.WelcomePage) error {
	typed := map[string]string{}
	switch page.Step {
	case views.WelcomeCompany:
		typed["currency"], typed["time_zone"] = "USD", "UTC"
		page.Guess = page.Typed == nil
	case views.WelcomePolicy:
		typed["preset"] = "balanced"
		page.Presets = v.frame.PresetChoices(policy.Presets(v.frame.Company.Currency))
	case views.WelcomeRequest:
		page.Curl = v.exampleCurl(page.Agent.Handle, page.Secret)
	}
	if page.Typed == nil {
		page.Typed = typed
	}
	f := v.titled("Welcome")
	f.Scripts = append(f.Scripts, views.Script{Src: static.URL("welcome.js")})
	return v.show(status, views.Welcome(f, page))
}

// troubled shows a step's form again, with what was wrong and what was typed.
func (v *visit) troubled(step views.WelcomeStep, err error, fields ...string) error {
	wrong, err := troubles(err)
	if err != nil {
		return err
	}
	page := views.WelcomePage{Step: step, Wrong: wrong, Typed: map[string]string{}}
	for _, name := range fields {
		page.Typed[name] = v.FormValue(name)
	}
	return v.showWelcome(http.StatusUnprocessableEntity, page)
}

// rememberWelcome leads the person back here when they come again.
func (v *visit) rememberWelcome(id uuid.UUID) {
	v.cookie(welcomeCookie, publicCompany(id), 30*24*time.Hour)
}
