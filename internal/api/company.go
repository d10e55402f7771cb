package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
)

// Company is the tenant, as the mode of the call sees it.
type Company struct {
	ID                string     `json:"id" example:"co_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Name              string     `json:"name" example:"Acme"`
	Currency          string     `json:"currency" example:"usd"`
	TimeZone          string     `json:"time_zone" example:"Europe/Berlin"`
	ApprovalTimeout   string     `json:"approval_timeout" example:"24h" doc:"How long a held authorization waits for people."`
	TokenAudience     string     `json:"token_audience" doc:"The aud of live tokens; empty means the server's own."`
	RequireRedemption bool       `json:"require_redemption" doc:"Whether only processors that redeemed a token may confirm."`
	Version           int        `json:"version"`
	Mode              string     `json:"mode" enum:"live,test"`
	Frozen            bool       `json:"frozen" doc:"Whether this mode denies everything new."`
	FrozenAt          *time.Time `json:"frozen_at" nullable:"true"`
	CreatedAt         time.Time  `json:"created_at"`
	UpdatedAt         time.Time  `json:"updated_at"`
}

func (Company) versioned() {}

func companyView(t ident.Tenant, c company.Company) Company {
	return Company{ID: ident.Format(ident.Company, c.ID), Name: c.Name, Currency: string(c.Currency), TimeZone: c.TimeZone,
		ApprovalTimeout: company.FormatTimeout(c.ApprovalTimeout), TokenAudience: c.TokenAudience,
		RequireRedemption: c.RequireRedemption, Version: c.Version, Mode: t.Mode(),
		Frozen: c.FrozenAt != nil, FrozenAt: utc(c.FrozenAt), CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC()}
}

// utc is a moment, if there is one, in the zone that answers are written in.
func utc(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// NewCompany is what a company is made of.
type NewCompany struct {
	Name     string `json:"name" maxLength:"200" example:"Acme"`
	Currency string `json:"currency,omitempty" minLength:"1" example:"usd" doc:"ISO 4217; usd without it."`
	TimeZone string `json:"time_zone,omitempty" minLength:"1" example:"Europe/Berlin" doc:"An IANA name; UTC without it."`
}

// Settings is a change of a company; what is absent stays.
type Settings struct {
	Name              *string `json:"name,omitempty" maxLength:"200"`
	Currency          *string `json:"currency,omitempty" example:"eur"`
	TimeZone          *string `json:"time_zone,omitempty" example:"Europe/Berlin"`
	ApprovalTimeout   *string `json:"approval_timeout,omitempty" example:"24h" doc:"From 1s to 30d."`
	TokenAudience     *string `json:"token_audience,omitempty" maxLength:"200"`
	RequireRedemption *bool   `json:"require_redemption,omitzero"`
}

func (a *API) registerCompany() {
	tagged := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"Company"}}
	}
	create := tagged("createCompany", http.MethodPost, "/v1/companies", "Create a company")
	create.Description = "The person whose session this is becomes its owner."
	create.DefaultStatus = http.StatusCreated
	effect(a, create, a.createCompany)
	handle(a, tagged("getCompany", http.MethodGet, "/v1/company", "Get the company"), a.getCompany)
	change := tagged("updateCompany", http.MethodPatch, "/v1/company", "Change the company's settings")
	change.Description = "Both modes share the settings. With If-Match a stale version is refused."
	change.Errors = []int{http.StatusPreconditionFailed}
	handle(a, change, a.updateCompany)
	freeze := tagged("freezeCompany", http.MethodPost, "/v1/company/freeze", "Freeze the company")
	freeze.Description = "From the next decision on, everything new in this mode is denied with company_frozen. What was approved may still be confirmed."
	effect(a, freeze, a.onCompany(a.companies.Freeze))
	effect(a, tagged("unfreezeCompany", http.MethodPost, "/v1/company/unfreeze", "Unfreeze the company"), a.onCompany(a.companies.Unfreeze))
}

func (a *API) createCompany(ctx context.Context, tx pgx.Tx, in *struct{ Body NewCompany }) (Company, error) {
	c := callOf(ctx)
	made, _, err := a.companies.Create(ctx, tx, audit.Person(c.Person, c.id), company.Person{ID: c.Person, Email: c.Email},
		company.NewCompany{Name: in.Body.Name, Currency: in.Body.Currency, TimeZone: in.Body.TimeZone})
	return companyView(ident.Tenant{Company: made.ID, Live: true}, made), err
}

func (a *API) getCompany(ctx context.Context, _ *struct{}) (*etagged[Company], error) {
	t := callOf(ctx).Tenant
	c, err := a.companies.Get(ctx, t)
	return &etagged[Company]{ETag: etag(c.Version), Body: companyView(t, c)}, err
}

func (a *API) updateCompany(ctx context.Context, in *struct {
	Precondition
	Body Settings
}) (*effected[Company], error) {
	c, b := callOf(ctx), in.Body
	versions, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	if b.TimeZone != nil {
		// Limits that follow the company's days need their history in the new
		// ones, which may take longer than a transaction should.
		if _, err := meter.LoadZone(*b.TimeZone); err == nil {
			if err := a.spend.PrepareZone(ctx, c.Tenant.Company, *b.TimeZone); err != nil {
				return nil, err
			}
		}
	}
	change := company.Settings{Name: b.Name, Currency: b.Currency, TimeZone: b.TimeZone, ApprovalTimeout: b.ApprovalTimeout,
		TokenAudience: b.TokenAudience, RequireRedemption: b.RequireRedemption, IfVersions: versions}
	return run(ctx, a, http.StatusOK, func(ctx context.Context, tx pgx.Tx) (Company, error) {
		changed, err := a.companies.Update(ctx, tx, c.Tenant, c.actor(), change)
		return companyView(c.Tenant, changed), err
	})
}

// onCompany makes the handler of a change that needs to know only the company.
func (a *API) onCompany(change func(context.Context, pgx.Tx, ident.Tenant, audit.Actor) (company.Company, error)) func(context.Context, pgx.Tx, *struct{}) (Company, error) {
	return func(ctx context.Context, tx pgx.Tx, _ *struct{}) (Company, error) {
		c := callOf(ctx)
		changed, err := change(ctx, tx, c.Tenant, c.actor())
		return companyView(c.Tenant, changed), err
	}
}
