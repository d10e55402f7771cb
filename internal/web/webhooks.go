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
	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/views"
)

func (w *Web) webhookPages() []page {
	return []page{
		{http.MethodGet, "/settings/webhooks", member, access.ScopeAdmin, (*visit).listWebhooks},
		{http.MethodGet, "/settings/webhooks/new", member, access.ScopeAdmin, (*visit).newWebhook},
		{http.MethodPost, "/settings/webhooks", member, access.ScopeAdmin, (*visit).createWebhook},
		{http.MethodGet, "/settings/webhooks/:id", member, access.ScopeAdmin, (*visit).oneWebhook},
		{http.MethodPost, "/settings/webhooks/:id", member, access.ScopeAdmin, (*visit).changeWebhook},
		{http.MethodPost, "/settings/webhooks/:id/test", member, access.ScopeAdmin, (*visit).testWebhook},
		{http.MethodPost, "/settings/webhooks/:id/rotate-secret", member, access.ScopeAdmin, (*visit).rotateWebhook},
		{http.MethodPost, "/settings/webhooks/:id/delete", member, access.ScopeAdmin, (*visit).deleteWebhook},
		{http.MethodGet, "/settings/webhooks/deliveries/:id", member, access.ScopeAdmin, (*visit).oneDelivery},
		{http.MethodPost, "/settings/webhooks/deliveries/:id/replay", member, access.ScopeAdmin, (*visit).replayDelivery},
	}
}

func (v *visit) listWebhooks() error {
	rows, err := v.web.webhooks.Endpoints(v.ctx(), v.tenant(), company.Page{Limit: webhooks.MostEndpoints})
	if err != nil {
		return err
	}
	page := views.WebhooksPage{Webhooks: make([]views.Webhook, len(rows))}
	for i, e := range rows {
		page.Webhooks[i] = views.Webhook{Endpoint: e}
	}
	return v.show(http.StatusOK, views.Webhooks(v.titled("Webhooks"), page))
}

func (v *visit) newWebhook() error {
	return v.show(http.StatusOK, views.NewWebhook(v.titled("New webhook"), views.WebhookForm{}))
}

// webhookForm reads what was typed, and checks the address.
func (v *visit) webhookForm() (webhooks.Input, views.WebhookForm, error) {
	typed, err := v.FormParams()
	if err != nil {
		return webhooks.Input{}, views.WebhookForm{}, fault.New(fault.Malformed, "malformed_form", "The form cannot be read.").Because(err)
	}
	form := views.WebhookForm{URL: strings.TrimSpace(v.FormValue("url")), Description: v.FormValue("description"),
		Families: typed["families"], More: v.FormValue("events"), Enabled: v.FormValue("enabled") != ""}
	in := webhooks.Input{Description: form.Description, Enabled: form.Enabled}
	in.Events = append(append(in.Events, form.Families...), strings.Fields(strings.ReplaceAll(form.More, ",", " "))...)
	in.Address, err = v.web.webhooks.Check(v.ctx(), form.URL)
	return in, form, err
}

func (v *visit) createWebhook() error {
	in, form, err := v.webhookForm()
	in.Enabled = true
	var made webhooks.Endpoint
	var secret string
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
			made, secret, err = v.web.webhooks.Create(ctx, tx, v.tenant(), v.actor(), in)
			return err
		})
	}
	if err != nil {
		if form.Wrong, err = troubles(err); err != nil {
			return err
		}
		return v.show(http.StatusUnprocessableEntity, views.NewWebhook(v.titled("New webhook"), form))
	}
	return v.showWebhookSecret(made, secret)
}

// showWebhookSecret is the one answer that has a new secret in it.
func (v *visit) showWebhookSecret(e webhooks.Endpoint, secret string) error {
	return v.show(http.StatusOK, views.WebhookMade(v.titled("The secret of your webhook"), views.Webhook{Endpoint: e}, secret))
}

// seenWebhook is the endpoint in the address.
func (v *visit) seenWebhook() (webhooks.Endpoint, error) {
	id, err := v.pathID(ident.Webhook, "webhook")
	if err != nil {
		return webhooks.Endpoint{}, err
	}
	return v.web.webhooks.Endpoint(v.ctx(), v.tenant(), id)
}

func (v *visit) oneWebhook() error {
	e, err := v.seenWebhook()
	if err != nil {
		return err
	}
	return v.showWebhook(http.StatusOK, e, views.FormOf(e), views.Errors{})
}

func (v *visit) showWebhook(status int, e webhooks.Endpoint, form views.WebhookForm, wrong views.Errors) error {
	page := views.WebhookPage{Webhook: views.Webhook{Endpoint: e}, Form: form, Wrong: wrong, Status: webhooks.Status(v.QueryParam("status"))}
	before, err := v.olderThan(ident.Delivery)
	if err != nil {
		return err
	}
	rows, err := v.web.webhooks.Deliveries(v.ctx(), v.tenant(), e.ID, page.Status, company.Page{Limit: pageRows + 1, Before: before})
	if err != nil {
		return err
	}
	if len(rows) > pageRows {
		rows = rows[:pageRows]
		page.Next = v.frame.With("/settings/webhooks/"+v.Param("id"), "status", string(page.Status), "before", ident.Format(ident.Delivery, rows[pageRows-1].ID))
	}
	for _, d := range rows {
		page.Deliveries = append(page.Deliveries, views.Delivery{Delivery: d})
	}
	return v.show(status, views.WebhookDetails(v.titled(e.Host()), page))
}

func (v *visit) changeWebhook() error {
	e, err := v.seenWebhook()
	if err != nil {
		return err
	}
	in, form, err := v.webhookForm()
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := v.web.webhooks.Update(ctx, tx, v.tenant(), v.actor(), e.ID, in)
			return err
		})
	}
	if err != nil {
		if form.Wrong, err = troubles(err); err != nil {
			return err
		}
		return v.showWebhook(http.StatusUnprocessableEntity, e, form, views.Errors{})
	}
	return v.to("/settings/webhooks/"+v.Param("id"), "The webhook is saved.")
}

// act does something with the endpoint in the address. What cannot be done now
// is said on its page.
func (v *visit) act(do func(context.Context, pgx.Tx, uuid.UUID) error, done func() error) error {
	e, err := v.seenWebhook()
	if err != nil {
		return err
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error { return do(ctx, tx, e.ID) })
	if err == nil {
		return done()
	}
	wrong, err := troubles(err)
	if err != nil {
		return err
	}
	wrong.Text += wrong.At("grace_seconds")
	return v.showWebhook(http.StatusUnprocessableEntity, e, views.FormOf(e), wrong)
}

func (v *visit) testWebhook() error {
	return v.act(func(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
		_, err := v.web.webhooks.Test(ctx, tx, v.tenant(), v.actor(), id)
		return err
	}, func() error {
		return v.to("/settings/webhooks/"+v.Param("id"), "A test is on its way. Load the page again to see what came of it.")
	})
}

func (v *visit) rotateWebhook() error {
	seconds, err := strconv.ParseInt(v.FormValue("grace_seconds"), 10, 32)
	if err != nil {
		seconds = -1 // which the feature refuses, with its bounds
	}
	var e webhooks.Endpoint
	var secret string
	return v.act(func(ctx context.Context, tx pgx.Tx, id uuid.UUID) (err error) {
		e, secret, err = v.web.webhooks.RotateSecret(ctx, tx, v.tenant(), v.actor(), id, time.Duration(seconds)*time.Second)
		return err
	}, func() error { return v.showWebhookSecret(e, secret) })
}

func (v *visit) deleteWebhook() error {
	return v.act(func(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
		return v.web.webhooks.Delete(ctx, tx, v.tenant(), v.actor(), id)
	}, func() error { return v.to("/settings/webhooks", "The webhook is deleted.") })
}

func (v *visit) oneDelivery() error { return v.showDelivery(http.StatusOK, views.Errors{}) }

func (v *visit) showDelivery(status int, wrong views.Errors) error {
	id, err := v.pathID(ident.Delivery, "delivery")
	if err != nil {
		return err
	}
	d, err := v.web.webhooks.Delivery(v.ctx(), v.tenant(), id)
	if err != nil {
		return err
	}
	e, err := v.web.webhooks.Endpoint(v.ctx(), v.tenant(), d.Webhook)
	if err != nil {
		return err
	}
	return v.show(status, views.DeliveryDetails(v.titled(d.Type), views.Webhook{Endpoint: e}, views.Delivery{Delivery: d}, wrong))
}

func (v *visit) replayDelivery() error {
	id, err := v.pathID(ident.Delivery, "delivery")
	if err != nil {
		return err
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := v.web.webhooks.Replay(ctx, tx, v.tenant(), id)
		return err
	})
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.showDelivery(http.StatusUnprocessableEntity, wrong)
	}
	return v.to("/settings/webhooks/deliveries/"+v.Param("id"), "It is delivered again. Load the page again to see what came of it.")
}
