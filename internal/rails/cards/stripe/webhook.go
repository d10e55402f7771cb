package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/fault"
)

// tolerance is how old a signature may be.
const tolerance = 5 * time.Minute

// Answer is what Stripe gets for an event.
type Answer struct {
	Status int
	// Version goes into the header Stripe-Version: a decision is read in it.
	Version string
	Body    []byte
}

// taken is the answer for an event that is done with.
func taken() Answer {
	return Answer{Status: http.StatusOK, Version: sdk.APIVersion, Body: []byte(`{"received":true}`)}
}

// Receive takes a webhook of a connection: its name in the address, the header
// Stripe-Signature, and the body as it came. A request to spend is answered
// within the service's patience, and anything that goes wrong declines it. For
// other events an error means that Stripe has to send the event again. Errors:
// not_found; Malformed (400): webhook_signature, webhook_too_old, webhook_account,
// webhook_mode, webhook_unreadable; unavailable.
func (s *Service) Receive(ctx context.Context, connection, signature string, body []byte) (Answer, error) {
	began := time.Now()
	hurried, cancel := context.WithDeadline(ctx, began.Add(s.patience))
	defer cancel()
	c, err := s.byID(hurried, connection)
	if err != nil {
		if fault.From(err).Kind != fault.NotFound && claims(body) == string(sdk.EventTypeIssuingAuthorizationRequest) {
			s.log.Error("a swipe is declined, as its connection cannot be read", "error", err)
			return decision(Decision{Code: "system_failure"}), nil
		}
		return Answer{}, err
	}
	e, err := c.verify(signature, body)
	if err != nil {
		return Answer{}, err
	}
	if e.Type == sdk.EventTypeIssuingAuthorizationRequest {
		return decision(s.decide(hurried, *c, e)), nil
	}
	return s.note(ctx, *c, e)
}

// claims is the type that a body says it has, before anybody believes it.
func claims(body []byte) string {
	var e struct{ Type string }
	_ = json.Unmarshal(body, &e) // one that cannot be read claims nothing
	return e.Type
}

// verify believes a body that was signed with the connection's secret lately,
// and is about its account and mode.
func (c Connection) verify(signature string, body []byte) (sdk.Event, error) {
	if !c.Ready {
		return sdk.Event{}, fault.New(fault.Malformed, "webhook_signature", "The signing secret of this webhook is not known yet.")
	}
	e, err := sdk.ConstructEvent(body, signature, c.webhookSecret, sdk.WithTolerance(tolerance), sdk.WithIgnoreAPIVersionMismatch())
	switch {
	case errors.Is(err, sdk.ErrWebhookTooOld):
		return e, fault.New(fault.Malformed, "webhook_too_old", "This was signed more than five minutes ago.")
	case errors.Is(err, sdk.ErrWebhookNotSigned), errors.Is(err, sdk.ErrWebhookInvalidHeader), errors.Is(err, sdk.ErrWebhookNoValidSignature):
		return e, fault.New(fault.Malformed, "webhook_signature", "The signature is not one of this connection's webhook.")
	case err != nil, e.Data == nil, e.ID == "":
		return e, unreadable(err)
	case e.Account != "" && e.Account != c.Account:
		return e, fault.New(fault.Malformed, "webhook_account", "This event is of another account.")
	case e.Livemode != c.Tenant.Live:
		return e, fault.New(fault.Malformed, "webhook_mode", "This event is of the other mode.")
	}
	return e, nil
}

func unreadable(cause error) error {
	return fault.New(fault.Malformed, "webhook_unreadable", "This is not an event as Stripe sends them.").Because(cause)
}

// object reads what an event is about.
func object[T any](e sdk.Event) (T, error) {
	var out T
	if err := json.Unmarshal(e.Data.Raw, &out); err != nil {
		return out, unreadable(err)
	}
	return out, nil
}
