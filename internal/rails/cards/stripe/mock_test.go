package stripe_test

import (
	"bufio"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/stripe"
	"github.com/getpurser/purser/internal/sign"
)

// startMock starts Stripe's own stripe-mock, which holds every request against
// Stripe's OpenAPI document and answers with its examples.
func startMock(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "stripe-mock")
	build := exec.Command("go", "build", "-modfile=tools/stripe.mod", "-o", binary, "github.com/stripe/stripe-mock")
	build.Dir = "../../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := exec.Command(binary, "-http-addr", "127.0.0.1:0")
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() }) // it has nothing to finish
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), "Listening for HTTP at address: "); ok {
			go func() {
				for lines.Scan() { // so that it never waits for a reader
				}
			}()
			return "http://" + strings.TrimSpace(address)
		}
	}
	t.Fatal("stripe-mock ended before it was ready")
	return ""
}

// TestShapesOfRequests sends everything that we send to Stripe to stripe-mock.
func TestShapesOfRequests(t *testing.T) {
	t.Parallel()
	w := newUnconnected(t)
	var err error
	w.stripe, err = stripe.Open(stripe.Config{Pool: w.pool, Cards: w.cards, KeyEncryptionKey: make([]byte, sign.KeySize), BaseURL: w.door.URL,
		Logger: slog.New(slog.DiscardHandler), URL: startMock(t)})
	w.must(err)
	c, err := w.connect(stripe.Input{SecretKey: "sk_test_0123456789", WebhookSecret: "whsec_0123456789", Cardholder: stripe.Cardholder{Name: "Acme", Phone: "+493012345",
		Email: "money@acme.example", Address: &stripe.Address{Line1: "Unter den Linden 1", Line2: "2", City: "Berlin", State: "Berlin", PostalCode: "10117", Country: "DE"}}})
	w.must(err)
	if !c.Ready || !strings.HasPrefix(c.Account, "acct_") || !strings.HasPrefix(c.Cardholder, "ich_") {
		t.Errorf("%+v", c)
	}
	if _, err := w.connect(stripe.Input{SecretKey: "sk_test_0123456789", WebhookSecret: "whsec_0123456789", Cardholder: stripe.Cardholder{ID: c.Cardholder}}); err != nil {
		t.Error(err)
	}
	i := w.issuer()
	controls, err := cards.ParseControls([]byte(`[{"type":"mcc","mode":"allow","values":["7372"]},{"type":"country","mode":"block","values":["KP"]},
		{"type":"transaction_limit","amount":60},{"type":"limit","period":"week","amount":100},{"type":"limit","period":"year","amount":900}]`), "usd")
	w.must(err)
	issued, err := i.Issue(t.Context(), cards.NewCard{Tenant: w.tenant, ID: ident.New(), Agent: w.agent, Currency: "usd", Controls: controls})
	if err != nil || !strings.HasPrefix(issued.Ref, "ic_") {
		t.Fatalf("%+v %v", issued, err)
	}
	for _, s := range []cards.Status{cards.Frozen, cards.Active, cards.Canceled} {
		if err := i.SetStatus(t.Context(), issued.Ref, s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, list := range []cards.Controls{nil, controls} {
		if err := i.SetControls(t.Context(), issued.Ref, list); err != nil {
			t.Error(err)
		}
	}
	lines, err := i.Statement(t.Context(), time.Now().Add(-24*time.Hour), time.Now())
	if err != nil || len(lines) == 0 || lines[0].Amount.Currency != money.Currency("usd") {
		t.Errorf("%+v %v", lines, err)
	}
}
