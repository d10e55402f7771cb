package cards_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/vault"
)

func TestCreateMovesMoneyFromTheWallet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.draft(20000)
	d.Name, d.Metadata = " Procurement ", map[string]string{"po": "4711"}
	c, secret, err := h.create(d)
	if err != nil {
		t.Fatal(err)
	}
	id, currency, ok := ident.ParseCard(c.PublicID())
	if !ok || id != c.ID || currency != "eur" || c.Status != cards.Active || c.Balance != 20000 || c.Name != "Procurement" || c.Provider != cards.SandboxName {
		t.Errorf("%+v", c)
	}
	if !vault.OurRange(secret.PAN) || len(secret.CVV) != 3 || secret.PAN[12:] != c.Last4 || secret.ExpMonth != c.ExpMonth || secret.ExpYear != c.ExpYear {
		t.Error("the secret is not the card's")
	}
	if got := h.wallet(); got != 1_000_000-20000 {
		t.Errorf("the wallet has %d", got)
	}
	again := h.get(c.ID)
	if again.Balance != 20000 || again.Held != 0 || again.Metadata["po"] != "4711" || again.Agent != h.agent {
		t.Errorf("%+v", again)
	}
	h.balanced()
}

// TestSecretsAreNowhere looks for the number and the code in every row.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, secret, err := h.create(h.draft(100))
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := h.cards.Reveal(t.Context(), h.tenant, h.by, c.ID, "to pay at a desk")
	if err != nil || again != secret {
		t.Fatalf("another secret was revealed (%v)", err)
	}
	kept := h.everything()
	if strings.Contains(kept, secret.PAN) || strings.Contains(kept, secret.PAN[:12]) {
		t.Error("the number is in the database")
	}
	if !strings.Contains(kept, "to pay at a desk") || !strings.Contains(kept, c.Last4) {
		t.Error("this test looks at the wrong place")
	}
	if strings.Contains(kept, `"`+secret.CVV+`"`) || strings.Contains(kept, ","+secret.CVV+",") {
		t.Error("the code is in the database")
	}
}

func TestNumberFindsItsCard(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, secret, err := h.create(h.draft(100))
	if err != nil {
		t.Fatal(err)
	}
	tenant, id, err := h.cards.FindByPAN(t.Context(), secret.PAN)
	if err != nil || tenant != h.tenant || id != c.ID {
		t.Error(tenant, id, err)
	}
	free, err := vault.NewNumber()
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"", "4242424242424242", free, secret.PAN[:15] + "x"} {
		_, _, err := h.cards.FindByPAN(t.Context(), number)
		wantCode(t, err, "not_found")
	}
	_, _, err = h.rail(2).FindByPAN(t.Context(), secret.PAN)
	wantCode(t, err, "not_found") // another key has other hashes
	_, _, err = h.rail(2).Reveal(t.Context(), h.tenant, h.by, c.ID, "x")
	wantCode(t, err, "number_unreadable")
}

// TestCreateRefuses holds that what is refused moves nothing and leaves nothing.
func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.card(100)
	wallet := h.wallet()
	frozen := h.newAgent("frozen")
	h.exec(`UPDATE agents SET status = 'frozen' WHERE agent_id = $1`, frozen)
	deleted := h.newAgent("deleted")
	h.exec(`UPDATE agents SET status = 'deleted' WHERE agent_id = $1`, deleted)
	for name, bad := range map[string]struct {
		change func(*cards.Draft)
		code   string
		kind   fault.Kind
		field  string
	}{
		"frozen agent":      {func(d *cards.Draft) { d.Agent = frozen }, "agent_frozen", fault.Conflict, ""},
		"deleted agent":     {func(d *cards.Draft) { d.Agent = deleted }, "not_found", fault.NotFound, ""},
		"unknown agent":     {func(d *cards.Draft) { d.Agent = ident.New() }, "not_found", fault.NotFound, ""},
		"no wallet":         {func(d *cards.Draft) { d.Amount = money.Of(100, "jpy") }, "no_wallet", fault.Invalid, "currency"},
		"no agent's wallet": {func(d *cards.Draft) { d.FromAgentWallet = true }, "no_wallet", fault.Invalid, "currency"},
		"too much":          {func(d *cards.Draft) { d.Amount = eur(wallet + 1) }, "insufficient_funds", fault.Conflict, ""},
		"nothing":           {func(d *cards.Draft) { d.Amount = eur(0) }, "out_of_range", fault.Invalid, "amount"},
		"less than nothing": {func(d *cards.Draft) { d.Amount = eur(-1) }, "out_of_range", fault.Invalid, "amount"},
		"long name":         {func(d *cards.Draft) { d.Name = strings.Repeat("x", 201) }, "too_long", fault.Invalid, "name"},
		"bad metadata":      {func(d *cards.Draft) { d.Metadata = map[string]string{"": "x"} }, "metadata_key_malformed", fault.Invalid, "metadata"},
		"bad control": {func(d *cards.Draft) {
			d.Controls = cards.Controls{{Type: policy.MCCList, Mode: policy.Allow, Values: []string{"x"}}}
		}, "invalid_controls", fault.Invalid, "controls[0].values[0]"},
	} {
		d := h.draft(100)
		bad.change(&d)
		_, _, err := h.create(d)
		f := fault.From(err)
		if f.Code != bad.code || f.Kind != bad.kind || bad.field != "" && (len(f.Fields) == 0 || f.Fields[0].Location != bad.field) {
			t.Errorf("%s: %v %+v", name, err, f.Fields)
		}
	}
	h.exec(`UPDATE company_modes SET frozen_at = now() WHERE NOT live`)
	_, _, err := h.create(h.draft(100))
	wantCode(t, err, "company_frozen")
	if h.wallet() != wallet || h.count("cards") != 1 || h.count("card_numbers") != 1 {
		t.Error("something was moved or made")
	}
	h.balanced()
}

func TestLiveModeNeedsAProvider(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tenant.Live = true
	_, _, err := h.create(h.draft(100))
	wantCode(t, err, "provider_not_connected")
	h.issuers = func(context.Context, pgx.Tx, ident.Tenant, string) (cards.Issuer, error) { return &acme{}, nil }
	_, _, err = h.create(h.draft(100))
	wantCode(t, err, "no_wallet")
	if h.count("cards") != 0 {
		t.Error("a card was made")
	}
}

// TestSilentProvider: one that does not answer keeps no card from being frozen,
// and no more than a few connections.
func TestSilentProvider(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	provider := &acme{}
	h.issuers = func(context.Context, pgx.Tx, ident.Tenant, string) (cards.Issuer, error) { return provider, nil }
	c := h.card(100)
	answer := make(chan struct{})
	h.issuers = func(context.Context, pgx.Tx, ident.Tenant, string) (cards.Issuer, error) {
		return silent{provider, answer}, nil
	}
	var asking sync.WaitGroup
	const all = 40 // on a pool of 16
	refused := make(chan string, all)
	for range all {
		draft := h.draft(100)
		asking.Go(func() {
			_, _, err := h.create(draft)
			refused <- code(err)
		})
	}
	for range all - cards.IssuerCalls {
		if got := <-refused; got != "provider_unavailable" {
			t.Errorf("%q", got)
		}
	}
	began := time.Now()
	if got, err := h.move(h.cards.Freeze, c.ID); err != nil || got.Status != cards.Frozen || time.Since(began) > 5*time.Second {
		t.Errorf("%+v %v after %v", got, err, time.Since(began))
	}
	close(answer)
	asking.Wait()
	close(refused)
	for got := range refused {
		if got != "" {
			t.Errorf("%q", got)
		}
	}
	h.balanced()
}

// silent issues no card until it is told to.
type silent struct {
	*acme
	answer chan struct{}
}

func (s silent) Issue(ctx context.Context, c cards.NewCard) (cards.Issued, error) {
	select {
	case <-s.answer:
		return cards.Issued{Ref: "acme_" + c.ID.String(), Last4: "4242", ExpMonth: 12, ExpYear: time.Now().Year() + 2}, nil
	case <-ctx.Done():
		return cards.Issued{}, ctx.Err()
	}
}

func (s silent) SetStatus(ctx context.Context, _ string, _ cards.Status) error {
	<-ctx.Done()
	return ctx.Err()
}

// acme is an issuer that a company connected.
type acme struct {
	fails error
	asked []string
}

func (*acme) Name() string { return "acme" }

func (a *acme) Issue(_ context.Context, c cards.NewCard) (cards.Issued, error) {
	a.asked = append(a.asked, "issue")
	made := cards.Issued{Ref: "acme_" + c.ID.String(), Last4: "4242", ExpMonth: 12, ExpYear: time.Now().Year() + 2}
	return made, a.fails
}

func (a *acme) SetStatus(_ context.Context, ref string, s cards.Status) error {
	a.asked = append(a.asked, string(s))
	return a.fails
}

func (a *acme) SetControls(_ context.Context, ref string, c cards.Controls) error {
	a.asked = append(a.asked, "controls")
	return a.fails
}

func (a *acme) Reveal(context.Context, string) (cards.Secret, error) {
	return cards.Secret{PAN: "4242424242424242", CVV: "123"}, a.fails
}

func (*acme) Statement(context.Context, time.Time, time.Time) ([]cards.Line, error) { return nil, nil }

func TestConnectedProviderIssues(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	provider := &acme{}
	h.issuers = func(context.Context, pgx.Tx, ident.Tenant, string) (cards.Issuer, error) { return provider, nil }
	c := h.card(100)
	if c.Provider != "acme" || c.Last4 != "4242" || h.count("card_numbers") != 0 {
		t.Errorf("%+v", c)
	}
	if id, err := h.cards.ByRef(t.Context(), h.tenant, "acme", c.ProviderRef); err != nil || id != c.ID {
		t.Error(id, err)
	}
	if _, _, err := h.create(h.draft(h.wallet() + 1)); code(err) != "insufficient_funds" || len(provider.asked) != 1 {
		t.Error("the provider was asked for a card that nobody can pay", err)
	}
	provider.fails = errors.New("down")
	_, _, err := h.create(h.draft(100))
	wantCode(t, err, "provider_unavailable")
	if _, err := h.move(h.cards.Cancel, c.ID); code(err) != "provider_unavailable" || h.get(c.ID).Status != cards.Active {
		t.Error("a card was canceled here alone", err)
	}
	if got, err := h.move(h.cards.Freeze, c.ID); err != nil || got.Status != cards.Frozen {
		t.Error("a provider that is down keeps a card from being frozen", err)
	}
	provider.fails = nil
	if got, err := h.move(h.cards.Cancel, c.ID); err != nil || got.Status != cards.Canceled {
		t.Error(err)
	}
	if got := strings.Join(provider.asked, " "); got != "issue issue canceled frozen canceled" {
		t.Error(got)
	}
	h.issuers = nil
	if _, err := h.move(h.cards.Freeze, h.card(100).ID); err != nil {
		t.Error(err)
	}
	if h.wallet() != 1_000_000-100 {
		t.Errorf("the wallet has %d", h.wallet())
	}
	h.balanced()
}
