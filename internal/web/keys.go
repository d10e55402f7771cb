package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/views"
)

// keyPages are for those who manage, and for approvers, who have keys of their
// own: every role that decides approvals.
func (w *Web) keyPages() []page {
	return []page{
		{http.MethodGet, "/settings/keys", member, access.ScopeApprovals, (*visit).listKeys},
		{http.MethodGet, "/settings/keys/new", member, access.ScopeApprovals, (*visit).newKey},
		{http.MethodPost, "/settings/keys", member, access.ScopeApprovals, (*visit).createKey},
		{http.MethodGet, "/settings/keys/:id", member, access.ScopeApprovals, (*visit).oneKey},
		{http.MethodPost, "/settings/keys/:id/reroll", member, access.ScopeApprovals, (*visit).rerollKey},
		{http.MethodPost, "/settings/keys/:id/revoke", member, access.ScopeApprovals, (*visit).revokeKey},
	}
}

func (v *visit) listKeys() error {
	before, err := v.olderThan(ident.Key)
	if err != nil {
		return err
	}
	rows, err := v.web.access.Keys(v.ctx(), v.who, nil, company.Page{Limit: pageRows + 1, Before: before})
	if err != nil {
		return err
	}
	page := views.KeysPage{}
	if len(rows) > pageRows {
		rows = rows[:pageRows]
		page.Next = v.frame.With("/settings/keys", "before", ident.Format(ident.Key, rows[pageRows-1].ID))
	}
	if page.Keys, err = v.namedKeys(rows); err != nil {
		return err
	}
	return v.show(http.StatusOK, views.Keys(v.titled("API keys"), page))
}

// namedKeys gives keys the handles of the agents that they are bound to.
func (v *visit) namedKeys(rows []access.Key) ([]views.Key, error) {
	var ids []uuid.UUID
	for _, k := range rows {
		if k.Agent != nil {
			ids = append(ids, *k.Agent)
		}
	}
	agents, err := v.web.companies.AgentsByID(v.ctx(), v.tenant(), ids)
	if err != nil {
		return nil, err
	}
	out := make([]views.Key, len(rows))
	for i, k := range rows {
		out[i] = views.Key{Key: k, MayEnd: v.who.Can(access.ScopeAdmin) || v.own(k), MayReroll: v.mayReroll(k)}
		if k.Agent != nil {
			out[i].Agent = agents[*k.Agent]
		}
	}
	return out, nil
}

// own says whether a key counts as this very member.
func (v *visit) own(k access.Key) bool { return k.Member != nil && *k.Member == v.who.Member }

func (v *visit) mayReroll(k access.Key) bool {
	if k.Member != nil && !v.own(k) || k.RerolledTo != nil {
		return false
	}
	for _, s := range k.Scopes {
		if !v.who.Has(s) {
			return false
		}
	}
	return v.who.Can(access.ScopeAdmin) || v.own(k)
}

func (v *visit) newKey() error {
	return v.showNewKey(http.StatusOK, views.NewKeyPage{Agent: v.QueryParam("agent")})
}

// showNewKey shows the form with the agents to choose from.
func (v *visit) showNewKey(status int, page views.NewKeyPage) error {
	agents, err := v.web.companies.Agents(v.ctx(), v.tenant(), company.Page{Limit: offered})
	if err != nil {
		return err
	}
	page.Agents = agents
	return v.show(status, views.NewKey(v.titled("New API key"), page))
}

// offered bounds the agents that a field suggests; any other can be typed.
const offered = 500

func (v *visit) createKey() error {
	in, err := v.keyForm()
	var made access.Key
	var secret string
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
			made, secret, err = v.web.access.CreateKey(ctx, tx, v.who, v.requestID(), in)
			return err
		})
	}
	if fault.Is(err, "not_found") {
		err = fault.BadField("agent", "unknown_agent", "There is no such agent in %s mode.", v.tenant().Mode())
	}
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.showNewKey(http.StatusUnprocessableEntity, views.NewKeyPage{Wrong: wrong, Name: v.FormValue("name"), Agent: v.FormValue("agent"),
			Expires: v.FormValue("expires_at"), PerMinute: v.FormValue("per_minute"), InFlight: v.FormValue("in_flight"), Scopes: in.Scopes})
	}
	return v.showSecret(made, secret)
}

// showSecret is the one answer that has a new key's secret in it.
func (v *visit) showSecret(k access.Key, secret string) error {
	rows, err := v.namedKeys([]access.Key{k})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, views.KeyMade(v.titled("Your new key"), rows[0], secret))
}

// keyForm reads what was typed. What it gives beside a fault is to be shown
// again.
func (v *visit) keyForm() (access.NewKey, error) {
	form, err := v.FormParams()
	if err != nil {
		return access.NewKey{}, fault.New(fault.Malformed, "malformed_form", "The form cannot be read.").Because(err)
	}
	in := access.NewKey{Name: v.FormValue("name"), Mode: v.tenant().Mode(), Scopes: form["scopes"], Agent: strings.TrimSpace(v.FormValue("agent"))}
	if in.ExpiresAt, err = v.endOf(v.FormValue("expires_at")); err != nil {
		return in, err
	}
	in.Limits, err = v.keyLimits()
	return in, err
}

// endOf is the end of a day by the company's clock; nil for no day.
func (v *visit) endOf(day string) (*time.Time, error) {
	if day == "" {
		return nil, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, day, v.frame.Zone())
	if err != nil {
		return nil, fault.BadField("expires_at", "malformed_date", "This is not a date such as 2027-01-31.")
	}
	end := at.AddDate(0, 0, 1)
	return &end, nil
}

// keyLimits are the key's own; nil where both fields are empty.
func (v *visit) keyLimits() (*access.Limits, error) {
	var l access.Limits
	for name, to := range map[string]*int{"per_minute": &l.PerMinute, "in_flight": &l.InFlight} {
		typed := strings.TrimSpace(v.FormValue(name))
		if typed == "" {
			continue
		}
		n, err := strconv.Atoi(typed)
		if err != nil || n < 1 {
			return nil, fault.BadField("rate_limit."+name, "malformed_number", "This is a whole number from 1 on.")
		}
		*to = n
	}
	if l == (access.Limits{}) {
		return nil, nil
	}
	return &l, nil
}

// seenKey is the key in the address.
func (v *visit) seenKey() (access.Key, error) {
	id, err := v.pathID(ident.Key, "API key")
	if err != nil {
		return access.Key{}, err
	}
	return v.web.access.Key(v.ctx(), v.who, id)
}

func (v *visit) oneKey() error { return v.showKey(http.StatusOK, views.Errors{}) }

func (v *visit) showKey(status int, wrong views.Errors) error {
	k, err := v.seenKey()
	if err != nil {
		return err
	}
	rows, err := v.namedKeys([]access.Key{k})
	if err != nil {
		return err
	}
	return v.show(status, views.KeyDetails(v.titled(k.Name), rows[0], wrong))
}

func (v *visit) rerollKey() error {
	k, err := v.seenKey()
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(v.FormValue("grace_seconds"), 10, 32)
	if err != nil {
		seconds = -1 // which the feature refuses, with its bounds
	}
	var secret string
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		k, secret, err = v.web.access.RerollKey(ctx, tx, v.who, v.requestID(), k.ID, time.Duration(seconds)*time.Second)
		return err
	})
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.showKey(http.StatusUnprocessableEntity, wrong)
	}
	return v.showSecret(k, secret)
}

func (v *visit) revokeKey() error {
	k, err := v.seenKey()
	if err != nil {
		return err
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		return v.web.access.RevokeKey(ctx, tx, v.who, v.requestID(), k.ID)
	})
	if err != nil {
		return err
	}
	return v.to("/settings/keys", "The key "+k.Name+" is revoked.")
}
