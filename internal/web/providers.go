package web

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/views"
)

const providersPath = "/settings/providers"

func (w *Web) providerPages() []page {
	return []page{
		{http.MethodGet, providersPath, member, access.ScopeRead, (*visit).providers},
		{http.MethodPost, providersPath + "/stripe", member, access.ScopeAdmin, (*visit).connectStripe},
		{http.MethodPost, providersPath + "/stripe/disconnect", member, access.ScopeAdmin, (*visit).disconnectStripe},
	}
}

func (v *visit) providers() error { return v.showProviders(http.StatusOK, views.StripeForm{}) }

// showProviders shows the page with what was typed, or to htmx its part about
// Stripe.
func (v *visit) showProviders(status int, form views.StripeForm) error {
	page := views.ProvidersPage{Form: form}
	c, err := v.web.stripe.Connection(v.ctx(), nil, v.tenant())
	if err != nil {
		return err
	}
	if c != nil {
		page.Stripe = &views.StripeConnection{Account: c.Account, KeyEnding: c.KeyEnding, Cardholder: c.Cardholder, Ready: c.Ready,
			Trouble: c.Trouble, WebhookURL: v.web.stripe.WebhookURL(*c), ConnectedAt: c.ConnectedAt, UpdatedAt: c.UpdatedAt}
	}
	if v.isHTMX() {
		return v.show(status, views.StripePanel(v.frame, page))
	}
	return v.show(status, views.Providers(v.titled("Providers"), page))
}

// connectStripe calls Stripe before its transaction, as that may take long.
func (v *visit) connectStripe() error {
	form := views.StripeForm{CardholderID: v.typed("cardholder_id"), Name: v.typed("name"), Email: v.typed("email"), Phone: v.typed("phone"),
		Line1: v.typed("line1"), Line2: v.typed("line2"), City: v.typed("city"), State: v.typed("state"),
		PostalCode: v.typed("postal_code"), Country: v.typed("country")}
	in := stripe.Input{SecretKey: v.typed("secret_key"), WebhookSecret: v.typed("webhook_secret"), Cardholder: cardholder(form)}
	draft, err := v.web.stripe.Prepare(v.ctx(), v.tenant(), in)
	var made stripe.Connection
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
			made, err = v.web.stripe.Connect(ctx, tx, v.tenant(), v.actor(), draft)
			return err
		})
	}
	if err != nil {
		return v.refusedByStripe(form, err)
	}
	if !made.Ready {
		return v.to(providersPath, "Stripe takes the key. Its webhook is still missing.")
	}
	return v.to(providersPath, "Stripe is connected. New cards of "+v.tenant().Mode()+" mode are made there.")
}

// cardholder is what was typed of who the cards are issued to.
func cardholder(form views.StripeForm) stripe.Cardholder {
	h := stripe.Cardholder{ID: form.CardholderID, Name: form.Name, Email: form.Email, Phone: form.Phone}
	address := stripe.Address{Line1: form.Line1, Line2: form.Line2, City: form.City, State: form.State, PostalCode: form.PostalCode, Country: form.Country}
	if address != (stripe.Address{}) {
		h.Address = &address
	}
	return h
}

// refusedByStripe shows the form again.
func (v *visit) refusedByStripe(form views.StripeForm, err error) error {
	if form.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.showProviders(http.StatusUnprocessableEntity, form)
}

func (v *visit) disconnectStripe() error {
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		return v.web.stripe.Disconnect(ctx, tx, v.tenant(), v.actor())
	})
	if err != nil {
		return v.refusedByStripe(views.StripeForm{}, err)
	}
	return v.to(providersPath, "Stripe is disconnected, and its key forgotten.")
}

// issuer is where new cards come from: test mode has the sandbox where nothing is
// connected.
func (v *visit) issuer() (views.Issuer, error) {
	c, err := v.web.stripe.Connection(v.ctx(), nil, v.tenant())
	if err != nil || c == nil {
		return views.Issuer{Connected: !v.frame.Live, Ready: !v.frame.Live}, err
	}
	return views.Issuer{Connected: true, Ready: c.Ready}, nil
}
