package stripe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
)

func (w *world) connect(in stripe.Input) (c stripe.Connection, err error) {
	d, err := w.stripe.Prepare(context.Background(), w.tenant, in)
	if err != nil {
		return c, err
	}
	err = w.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		c, err = w.stripe.Connect(ctx, tx, w.tenant, w.by, d)
		return err
	})
	return c, err
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newUnconnected(t)
	for key, code := range map[string]string{
		"":                               "key_malformed",
		"rk_test_short":                  "key_malformed",
		"pk_test_0123456789abcdef":       "key_malformed", // publishable
		"rk_test_0123456789 abcdef":      "key_malformed",
		"rk_live_0123456789abcdef":       "mode_mismatch",
		"rk_test_revoked_0123456789":     "key_refused",
		"sk_test_noissuing_0123456789ab": "key_refused",
	} {
		_, err := w.connect(stripe.Input{SecretKey: key})
		if f := fault.From(err); f.Code != code || f.Kind != fault.Invalid || f.Fields[0].Location != "secret_key" {
			t.Errorf("%q: %v", key, err)
		} else if key != "" && strings.Contains(f.Text, key) {
			t.Errorf("the answer repeats the key: %s", f.Text)
		}
	}
	_, err := w.connect(stripe.Input{SecretKey: testKey, WebhookSecret: "nonsense"})
	if fault.From(err).Fields[0].Location != "webhook_secret" {
		t.Error(err)
	}
	_, err = w.connect(stripe.Input{SecretKey: testKey, Cardholder: stripe.Cardholder{ID: "ich_other"}})
	if fault.From(err).Code != "cardholder_refused" {
		t.Error(err)
	}
	w.tell("/_/faults", []string{"500", "500", "500"}, nil)
	if _, err = w.connect(stripe.Input{SecretKey: testKey}); fault.From(err).Kind != fault.Unavailable {
		t.Error(err)
	}
	if c, err := w.stripe.Connection(t.Context(), nil, w.tenant); c != nil || err != nil {
		t.Errorf("%v %v", c, err)
	}
	_, _, err = w.create(cardsDraft(100))
	w.must(err) // the sandbox's, as nothing is connected
	live := ident.Tenant{Company: w.tenant.Company, Live: true}
	err = w.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		d := cardsDraft(100)
		d.Agent = w.agent
		_, _, err := w.cards.Create(ctx, tx, live, w.by, d)
		return err
	})
	if fault.From(err).Code != "provider_not_connected" {
		t.Error(err)
	}
}

func TestConnectOnce(t *testing.T) {
	t.Parallel()
	w := newUnconnected(t)
	c, err := w.connect(stripe.Input{SecretKey: testKey})
	w.must(err)
	if !c.Ready || c.Account != "acct_stand" || c.KeyEnding != "WXYZ" || c.Cardholder == "" {
		t.Errorf("%+v", c)
	}
	again, err := w.connect(stripe.Input{SecretKey: "sk_test_anotherkey0123456789"})
	w.must(err)
	if again.ID != c.ID || again.Cardholder != c.Cardholder || again.KeyEnding != "6789" || !again.Ready {
		t.Errorf("%+v", again)
	}
	holders, hooks := 0, 0
	for _, call := range w.look().Calls {
		if strings.HasPrefix(call, "POST /v1/issuing/cardholders ") {
			holders++
			if !strings.Contains(call, "name=Acme+GmbH&") {
				t.Errorf("%s", call)
			}
		}
		if strings.HasPrefix(call, "POST /v1/webhook_endpoints ") {
			hooks++
		}
	}
	if holders != 1 || hooks != 1 {
		t.Errorf("%d cardholders and %d webhooks were made", holders, hooks)
	}
	w.card(100)
	drop := func() error {
		return w.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error { return w.stripe.Disconnect(ctx, tx, w.tenant, w.by) })
	}
	if err := drop(); fault.From(err).Code != "provider_in_use" {
		t.Error(err)
	}
	elsewhere := stripe.Input{SecretKey: "rk_test_elsewhere_0123456789"}
	if _, err := w.connect(elsewhere); fault.From(err).Code != "provider_in_use" {
		t.Error(err)
	}
	w.exec(`UPDATE cards SET status = 'canceled', canceled_at = now()`)
	moved, err := w.connect(elsewhere)
	if err != nil || moved.Account != "acct_elsewhere" || moved.ID != c.ID || moved.Cardholder == c.Cardholder {
		t.Errorf("%+v %v", moved, err)
	}
	w.must(drop())
	if err := drop(); fault.From(err).Kind != fault.NotFound {
		t.Error(err)
	}
	w.secretsStay(testKey, "sk_test_anotherkey0123456789", "whsec_stand")
}

// secretsStay looks for secrets in the log and in every table.
func (w *world) secretsStay(secrets ...string) {
	w.t.Helper()
	var dump strings.Builder
	dump.WriteString(w.logs.String())
	for _, table := range []string{"issuer_connections", "issuer_events", "audit_events", "cards", "card_transactions"} {
		var text string
		w.must(w.owner.QueryRow(context.Background(), fmt.Sprintf(`SELECT coalesce(string_agg(x::text, E'\n'), '') FROM %s x`, table)).Scan(&text))
		dump.WriteString(text)
	}
	for _, secret := range secrets {
		if strings.Contains(dump.String(), secret) {
			w.t.Errorf("%s is in the log or in a table", secret)
		}
	}
}

// TestWebhookByHand is for a key that may not make webhooks.
func TestWebhookByHand(t *testing.T) {
	t.Parallel()
	w := newUnconnected(t)
	c, err := w.connect(stripe.Input{SecretKey: "rk_test_nohooks_0123456789"})
	w.must(err)
	if c.Ready || !strings.Contains(c.Trouble, "webhook_endpoints") {
		t.Errorf("%+v", c)
	}
	if _, _, err := w.create(cardsDraft(100)); fault.From(err).Code != "provider_not_connected" {
		t.Error(err)
	}
	c, err = w.connect(stripe.Input{SecretKey: "rk_test_nohooks_0123456789", WebhookSecret: "whsec_0123456789"})
	w.must(err)
	if !c.Ready || c.Trouble != "" {
		t.Errorf("%+v", c)
	}
	w.card(100)
}
