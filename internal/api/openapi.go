package api

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
)

// newConfig is huma's configuration with everything that it would serve or add
// by itself switched off.
func newConfig(base string) huma.Config {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	format := huma.Format{Marshal: marshalTo, Unmarshal: decode}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Purser",
				Version:     "1.0.0",
				Description: introduction,
				License:     &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"},
				Contact:     &huma.Contact{Name: "Purser", URL: "https://github.com/getpurser/purser"},
			},
			Servers: []*huma.Server{{URL: base, Description: "This server"}},
			Tags:    tags(),
			Components: &huma.Components{
				Schemas:         schemas,
				SecuritySchemes: securitySchemes(),
				Headers:         commonHeaders(),
			},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
	}
}

const introduction = `Agents ask before they spend. Policies decide, budget is reserved once, and a signed token answers.

Amounts are JSON numbers in major units, read and written exactly; a decimal string is taken as well.
Every error is ` + "`application/problem+json`" + ` with a stable ` + "`code`" + `.
Every POST takes an ` + "`Idempotency-Key`" + `: the same key, route and body answer the stored answer again.
Lists are newest first; pass ` + "`next_cursor`" + ` as ` + "`cursor`" + ` for the next page.`

func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		"apiKey": {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "An API key: `ag_live_…` or `ag_test_…`."},
		"bearer": {Type: "http", Scheme: "bearer", Description: "An API key or a session token. A session token acts in live mode unless `X-Mode: test` is sent; a member of several companies names one with `X-Company-Id`."},
	}
}

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "Sign in", Description: "From a mail address to a session token."},
		{Name: "Company", Description: "The tenant, its settings and its freeze."},
		{Name: "Members", Description: "The people of a company."},
		{Name: "API keys", Description: "Credentials of programs."},
		{Name: "Agents", Description: "The programs that spend."},
		{Name: "Policies", Description: "Versioned rules that decide."},
		{Name: "Authorizations", Description: "Requests to spend: decided once, then confirmed, voided or expired."},
		{Name: "Tokens", Description: "What processors verify and redeem."},
		{Name: "Budget", Description: "What an agent may still spend."},
		{Name: "Approvals", Description: "Held authorizations that wait for people."},
		{Name: "Cards", Description: "Prepaid cards of agents, and who makes them."},
		{Name: "Ledger", Description: "Wallets and the double-entry books under them."},
		{Name: "Cards", Description: "Virtual, prepaid cards of agents."},
		{Name: "Card sandbox", Description: "The card network, played in test mode."},
		{Name: "Messages", Description: "What people are told, and how."},
		{Name: "Audit", Description: "The append-only log and its proofs."},
		{Name: "Webhooks", Description: "Addresses that hear of events, and what was delivered to them."},
	}
}

// serveDocuments puts the OpenAPI document and Swagger UI on echo. The
// document is what huma holds of the handlers' own types.
func (a *API) serveDocuments(e *echo.Echo) {
	current := sync.OnceValues(func() ([]byte, error) { return json.Marshal(a.huma.OpenAPI()) })
	older := sync.OnceValues(a.downgraded)
	serve := func(c echo.Context) error {
		document := current
		switch c.QueryParam("version") {
		case "", "3.1":
		case "3.0":
			document = older
		default:
			return fault.BadField("query.version", "invalid_value", "The document is there as 3.1 and as 3.0.")
		}
		b, err := document()
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "application/json", b)
	}
	e.Match([]string{http.MethodGet, http.MethodHead}, "/v3/api-docs", serve)
	serveSwaggerUI(e)
}
