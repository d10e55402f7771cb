package stripe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// Input is what a person gives to connect a company.
type Input struct {
	// SecretKey is a restricted or a secret key, of the same mode. Empty takes the
	// one that is connected.
	SecretKey string
	// WebhookSecret checks Stripe's events. Without one, the webhook is made here.
	WebhookSecret string
	// Cardholder is who the cards are issued to; what it leaves out is taken from
	// the account.
	Cardholder Cardholder
}

// Draft is a connection that Stripe has agreed to, and nobody has kept yet.
type Draft struct {
	tenant                           ident.Tenant
	id                               uuid.UUID
	account, key                     string
	webhookSecret, endpoint, trouble string
	cardholder                       string
	// replaces is the account that the company had connected before.
	replaces string
}

// moves says that the company had another account connected.
func (d Draft) moves() bool { return d.replaces != "" && d.replaces != d.account }

// once is a name for something that Stripe makes for a company, so that it makes
// one however often the same is asked for.
func (d Draft) once(what string, of any) string {
	text, err := json.Marshal([]any{d.account, of})
	if err != nil {
		text = nil // of strings alone, never
	}
	sum := sha256.Sum256(text)
	return "purser-" + ident.Format(ident.Company, d.tenant.Company) + "-" + d.tenant.Mode() + "-" + what + "-" + hex.EncodeToString(sum[:8])
}

// keyShape is what keys look like: restricted and secret, of live and test.
var keyShape = regexp.MustCompile(`^[rs]k_(live|test)_[0-9A-Za-z_]{8,240}$`)

var secretShape = regexp.MustCompile(`^whsec_[0-9A-Za-z+/=_-]{8,240}$`)

func (in Input) check(t ident.Tenant) error {
	shape := keyShape.FindStringSubmatch(in.SecretKey)
	switch {
	case shape == nil:
		return fault.BadField("secret_key", "key_malformed", "This is a restricted key of Stripe: rk_%s_ and what follows.", t.Mode())
	case shape[1] != t.Mode():
		return fault.BadField("secret_key", "mode_mismatch", "This key is of Stripe's %s mode, and this call of %s mode.", shape[1], t.Mode())
	case in.WebhookSecret != "" && !secretShape.MatchString(in.WebhookSecret):
		return fault.BadField("webhook_secret", "key_malformed", "This is the signing secret of a webhook: whsec_ and what follows.")
	}
	return in.Cardholder.check()
}

// Prepare tries a key at Stripe, finds or makes the cardholder, and the webhook
// unless its secret is given. It calls Stripe, so it is not for a transaction.
// Invalid: key_malformed, mode_mismatch, key_refused, cardholder_incomplete,
// cardholder_refused.
func (s *Service) Prepare(ctx context.Context, t ident.Tenant, in Input) (Draft, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*callPatience)
	defer cancel()
	before, err := s.Connection(ctx, nil, t)
	if err != nil {
		return Draft{}, err
	}
	if in.SecretKey == "" && before != nil {
		in.SecretKey = before.key
	}
	if err := in.check(t); err != nil {
		return Draft{}, err
	}
	d := Draft{tenant: t, id: ident.New(), key: in.SecretKey}
	if before != nil {
		d.id, d.replaces, d.cardholder = before.ID, before.Account, before.Cardholder
	}
	api := newClient(s.url, in.SecretKey)
	account, err := accountOf(ctx, api)
	if err != nil {
		return Draft{}, err
	}
	if d.account = account.ID; d.account == "" {
		d.account = d.replaces // which a key that may not say otherwise is taken to be of
	}
	if d.moves() {
		d.cardholder = "" // was the other account's
	}
	if d.cardholder, err = holderOf(ctx, api, d, in.Cardholder, account); err != nil {
		return Draft{}, err
	}
	d.webhookSecret = in.WebhookSecret
	if d.webhookSecret == "" {
		err = s.webhook(ctx, api, &d, before)
	}
	return d, err
}

// accountOf tries the key with what costs nothing: whose it is, which not every
// restricted key may read, and whether it may see cards, which it must.
func accountOf(ctx context.Context, api *sdk.Client) (*sdk.Account, error) {
	account, err := api.V1Accounts.Retrieve(ctx, nil)
	switch code := status(err); {
	case code == http.StatusForbidden:
		account = &sdk.Account{}
	case err != nil:
		return nil, refusal(err)
	}
	list := &sdk.IssuingCardListParams{}
	list.Limit, list.Single = sdk.Int64(1), true
	return account, refusal(api.V1IssuingCards.List(ctx, list).Err())
}

// refusal is trouble with a key that somebody just gave.
func refusal(err error) error {
	if reason, ok := said(err); ok {
		return fault.BadField("secret_key", "key_refused", "Stripe refuses this key: %s", reason)
	}
	return trouble(err)
}

// events are those that we act on.
func events() []*string {
	return sdk.StringSlice([]string{
		string(sdk.EventTypeIssuingAuthorizationRequest), string(sdk.EventTypeIssuingAuthorizationCreated),
		string(sdk.EventTypeIssuingAuthorizationUpdated), string(sdk.EventTypeIssuingTransactionCreated),
		string(sdk.EventTypeIssuingDisputeCreated), string(sdk.EventTypeIssuingDisputeSubmitted), string(sdk.EventTypeIssuingDisputeUpdated),
		string(sdk.EventTypeIssuingDisputeClosed), string(sdk.EventTypeIssuingDisputeFundsReinstated), string(sdk.EventTypeIssuingDisputeFundsRescinded),
		string(sdk.EventTypeIssuingCardUpdated), string(sdk.EventTypeTopupSucceeded), string(sdk.EventTypeTopupReversed),
	})
}

// webhook keeps the one that was there, or makes one. When Stripe does not want
// to, the connection waits for a secret that a person brings.
func (s *Service) webhook(ctx context.Context, api *sdk.Client, d *Draft, before *Connection) error {
	if before != nil && before.Ready && !d.moves() {
		d.webhookSecret, d.endpoint = before.webhookSecret, before.endpoint
		return nil
	}
	made, err := api.V1WebhookEndpoints.Create(ctx, &sdk.WebhookEndpointCreateParams{
		URL: sdk.String(s.WebhookURL(Connection{ID: d.id})), EnabledEvents: events(), APIVersion: sdk.String(sdk.APIVersion),
		Description: sdk.String("Purser"), Metadata: map[string]string{"purser_connection": ident.Format(ident.Connection, d.id)}})
	if reason, ok := said(err); ok {
		d.trouble = reason
		return nil
	}
	if err != nil {
		return trouble(err)
	}
	if !secretShape.MatchString(made.Secret) {
		return unavailable(errors.New("stripe: a webhook without a secret"))
	}
	d.webhookSecret, d.endpoint = made.Secret, made.ID
	return nil
}

// trimmed is a text without what surrounds it.
func trimmed(text string) string { return strings.Join(strings.Fields(text), " ") }
