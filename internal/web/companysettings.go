package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/views"
)

func (w *Web) companyPages() []page {
	return []page{
		{http.MethodGet, "/settings/company", member, access.ScopeRead, (*visit).companySettings},
		{http.MethodPost, "/settings/company", member, access.ScopeAdmin, (*visit).updateCompany},
		{http.MethodGet, "/settings/company/freeze", member, access.ScopeAdmin, (*visit).askFreeze},
		{http.MethodPost, "/settings/company/freeze", member, access.ScopeAdmin, (*visit).freezeCompany},
		{http.MethodPost, "/settings/company/unfreeze", member, access.ScopeAdmin, (*visit).unfreezeCompany},
	}
}

func (v *visit) companySettings() error {
	c := v.frame.Company
	return v.show(http.StatusOK, views.Company(v.titled("Company"), views.CompanyPage{Name: c.Name, Currency: c.Currency.Upper(),
		TimeZone: c.TimeZone, ApprovalTimeout: company.FormatTimeout(c.ApprovalTimeout), TokenAudience: c.TokenAudience,
		RequireRedemption: c.RequireRedemption, Version: c.Version}))
}

// updateCompany saves the whole form. Limits that follow the company's days
// need their history in the new ones first, which may take long.
func (v *visit) updateCompany() error {
	page := views.CompanyPage{Name: v.FormValue("name"), Currency: v.FormValue("currency"), TimeZone: v.FormValue("time_zone"),
		ApprovalTimeout: v.FormValue("approval_timeout"), TokenAudience: v.FormValue("token_audience"),
		RequireRedemption: v.FormValue("require_redemption") != ""}
	page.Version, _ = strconv.Atoi(v.FormValue("version")) // anything else is no version, and refused as an old one
	err := v.prepareZone(page.TimeZone)
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := v.web.companies.Update(ctx, tx, v.tenant(), v.actor(), company.Settings{Name: &page.Name, Currency: &page.Currency,
				TimeZone: &page.TimeZone, ApprovalTimeout: &page.ApprovalTimeout, TokenAudience: &page.TokenAudience,
				RequireRedemption: &page.RequireRedemption, IfVersions: []int{page.Version}})
			return err
		})
	}
	if fault.Is(err, "version_mismatch") {
		page.Version, page.Changed = v.frame.Company.Version, true
		return v.show(http.StatusConflict, views.Company(v.titled("Company"), page))
	}
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		page.Wrong = wrong
		return v.show(http.StatusUnprocessableEntity, views.Company(v.titled("Company"), page))
	}
	return v.to("/settings/company", "The settings are saved. Both modes follow them from the next request on.")
}

// prepareZone counts what limits need in another time zone, before the change
// itself. A zone that does not exist is left to the change to refuse.
func (v *visit) prepareZone(zone string) error {
	if _, err := meter.LoadZone(zone); err != nil || zone == v.frame.Company.TimeZone {
		return nil
	}
	v.unhurried()
	return v.web.spend.PrepareZone(v.ctx(), v.tenant().Company, zone)
}

// askFreeze asks once more: what follows stops every agent.
func (v *visit) askFreeze() error {
	return v.show(http.StatusOK, views.FreezeCompany(v.titled("Freeze everything")))
}

func (v *visit) freezeCompany() error {
	if err := v.onCompany(v.web.companies.Freeze); err != nil {
		return err
	}
	return v.to("/settings/company", "Everything is frozen in "+v.tenant().Mode()+" mode.")
}

func (v *visit) unfreezeCompany() error {
	if err := v.onCompany(v.web.companies.Unfreeze); err != nil {
		return err
	}
	return v.to("/settings/company", v.frame.Company.Name+" spends again in "+v.tenant().Mode()+" mode.")
}

func (v *visit) onCompany(change func(context.Context, pgx.Tx, ident.Tenant, audit.Actor) (company.Company, error)) error {
	return v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := change(ctx, tx, v.tenant(), v.actor())
		return err
	})
}
