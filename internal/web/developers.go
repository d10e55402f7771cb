package web

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/views"
)

func (w *Web) developerPages() []page {
	return []page{
		{http.MethodGet, "/developers", member, access.ScopeRead, (*visit).developers},
		{http.MethodPost, "/developers/key", member, access.ScopeAdmin, (*visit).developerKey},
	}
}

func (v *visit) developers() error {
	return v.showDevelopers(http.StatusOK, views.DevelopersPage{Agent: v.QueryParam("agent")})
}

// showDevelopers fills the examples in: with the agent that was chosen, else
// the newest of test mode, and the key, if one was just made.
func (v *visit) showDevelopers(status int, page views.DevelopersPage) error {
	agents, err := v.web.companies.Agents(v.ctx(), v.onTestSide().Tenant, company.Page{Limit: offered}, company.AgentActive)
	if err != nil {
		return err
	}
	for _, a := range agents {
		page.Agents = append(page.Agents, views.Option{Value: a.Handle, Label: a.Handle})
	}
	if page.Agent == "" && len(agents) > 0 {
		page.Agent = agents[0].Handle
	}
	handle := page.Agent
	if handle == "" {
		handle = "procurement-bot"
	}
	page.Base, page.Key = v.address(""), orPlace(page.Secret)
	page.Currency = string(v.frame.Company.Currency)
	page.Body, page.Curl = v.exampleBody(handle), v.exampleCurl(handle, page.Secret)
	return v.show(status, views.Developers(v.titled("Developers"), page))
}

// developerKey makes a test key for the examples, and answers with the page
// that has it filled in: no other can.
func (v *visit) developerKey() error {
	page, p := views.DevelopersPage{Agent: v.FormValue("agent")}, v.onTestSide()
	if page.Agent == "" {
		return v.wrongDeveloperKey(page, fault.BadField("agent", "required", "Choose an agent."))
	}
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		_, page.Secret, err = v.web.access.CreateKey(ctx, tx, p, v.requestID(), access.NewKey{Name: "Quickstart",
			Scopes: []string{string(access.ScopeSpend)}, Agent: page.Agent})
		return err
	})
	if fault.Is(err, "not_found") {
		err = fault.BadField("agent", "unknown_agent", "There is no such agent in test mode.")
	}
	if err != nil {
		return v.wrongDeveloperKey(page, err)
	}
	return v.showDevelopers(http.StatusOK, page)
}

func (v *visit) wrongDeveloperKey(page views.DevelopersPage, err error) error {
	wrong, err := troubles(err)
	if err != nil {
		return err
	}
	page.Wrong, page.Agent = wrong, ""
	return v.showDevelopers(http.StatusUnprocessableEntity, page)
}
