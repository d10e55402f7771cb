package reconcile_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/reconcile"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// acme is a provider that says what its lines say.
type acme struct {
	lines []cards.Line
	fails error
}

func (*acme) Name() string { return "acme" }
func (*acme) Issue(_ context.Context, c cards.NewCard) (cards.Issued, error) {
	return cards.Issued{Ref: "acme_" + c.ID.String(), Last4: "4242", ExpMonth: 12, ExpYear: 2040}, nil
}
func (*acme) SetStatus(context.Context, string, cards.Status) error     { return nil }
func (*acme) SetControls(context.Context, string, cards.Controls) error { return nil }
func (*acme) Reveal(context.Context, string) (cards.Secret, error)      { return cards.Secret{}, nil }
func (a *acme) Statement(context.Context, time.Time, time.Time) ([]cards.Line, error) {
	return slices.Clone(a.lines), a.fails
}

// carded is books whose live side has a card of acme's with a purchase that was
// captured and refunded in part, one that is open, and a forced one.
type carded struct {
	*books
	provider *acme
	rail     *cards.Service
	card     cards.Card
}

func newCarded(t *testing.T) *carded {
	t.Helper()
	c := &carded{books: newBooks(t), provider: &acme{}}
	log := slog.New(slog.DiscardHandler)
	keys, err := sign.Open(t.Context(), c.pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: make([]byte, 32), MaxTokenLifetime: time.Hour, ReloadEvery: sign.DefaultReloadEvery, Logger: log})
	c.must(err)
	gate := spend.New(c.pool, keys, policy.NewStore(c.pool), spend.Config{Issuer: "http://localhost:8080", Log: log, Patience: 20 * time.Second})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { gate.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	numbers, err := vault.New(make([]byte, vault.KeySize))
	c.must(err)
	c.rail = cards.New(cards.Config{Pool: c.pool, Gate: gate, Vault: numbers, Log: log,
		Issuers: func(context.Context, pgx.Tx, ident.Tenant, string) (cards.Issuer, error) { return c.provider, nil }})
	c.allow()
	c.live()
	return c
}

func (c *carded) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// allow lets everything up to 100 pass.
func (c *carded) allow() {
	c.t.Helper()
	rules, err := policy.DecodeRules([]byte(`[{"type":"transaction_limit","amount":100,"currency":"usd"}]`))
	c.must(err)
	store := policy.NewStore(c.pool)
	content := policy.Content{Name: "All", Status: policy.Active, Rules: rules}
	_, err = store.Prepare(c.t.Context(), c.tenant, &content)
	c.must(err)
	c.must(c.pool.InTx(c.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := store.Create(ctx, tx, c.tenant, audit.System(), content)
		return err
	}))
}

// live makes the card and what happens to it, an hour ago.
func (c *carded) live() {
	c.t.Helper()
	c.must(c.pool.InTx(c.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.Post(ctx, tx, c.tenant, audit.System(), ledger.Posting{Key: "paid in", Kind: "funded",
			Entries: ledger.Move(ledger.Ref{Kind: ledger.Funding, Currency: "usd"}, ledger.WalletOf(uuid.Nil, "usd"), 50_000)})
		if err == nil {
			c.card, _, err = c.rail.Create(ctx, tx, c.tenant, audit.System(), cards.Draft{Agent: c.agent, Amount: money.Of(20_000, "usd")})
		}
		return err
	}))
	at := policy.Merchant{Name: "AWS"}
	first := c.swipe("s1", 5_000)
	_, err := c.rail.Capture(c.t.Context(), c.tenant, c.card.ID, cards.NetworkPosting{NetworkID: "c1", Authorization: first, Amount: 5_000, Final: true})
	c.must(err)
	_, err = c.rail.Refund(c.t.Context(), c.tenant, c.card.ID, cards.NetworkPosting{NetworkID: "r1", Authorization: first, Amount: 1_000})
	c.must(err)
	c.swipe("s2", 3_000)
	_, err = c.rail.ForcePost(c.t.Context(), c.tenant, c.card.ID, cards.Swipe{NetworkID: "f1", Amount: money.Of(700, "usd"), Merchant: at})
	c.must(err)
	c.do(`UPDATE card_transactions SET created_at = created_at - interval '1 hour'`)
	for _, l := range []struct {
		id    string
		kind  cards.Type
		minor int64
	}{{"c1", cards.Captured, 5_000}, {"r1", cards.Refunded, 1_000}, {"f1", cards.ForcePosted, 700}} {
		c.provider.lines = append(c.provider.lines, cards.Line{Ref: c.card.ProviderRef, NetworkID: l.id, Type: l.kind, Amount: money.Of(l.minor, "usd"), At: time.Now().Add(-time.Hour)})
	}
}

func (c *carded) swipe(id string, minor int64) uuid.UUID {
	c.t.Helper()
	v, err := c.rail.Authorize(c.t.Context(), c.tenant, c.card.ID, cards.Swipe{NetworkID: id, Amount: money.Of(minor, "usd"), Merchant: policy.Merchant{Name: "AWS"}})
	c.must(err)
	if !v.Approved {
		c.t.Fatalf("%+v", v)
	}
	return v.Authorization.ID
}

// differences are those of live mode.
func (c *carded) differences() reconcile.Report {
	c.t.Helper()
	r, err := reconcile.Sources{Pool: c.pool, Log: c.log, Cards: c.rail}.One(c.t.Context(), c.tenant)
	c.must(err)
	return r
}

func TestCardsAgree(t *testing.T) {
	t.Parallel()
	c := newCarded(t)
	if r := c.differences(); len(r.Differences) != 0 || r.Cards != 1 || r.Lines != 3 {
		t.Errorf("%+v", r)
	}
	// What is too young to be told of yet is no difference, on either side.
	c.do(`UPDATE card_transactions SET created_at = clock_timestamp() WHERE network_id = 'c1'`)
	c.provider.lines[0] = cards.Line{Ref: c.card.ProviderRef, NetworkID: "new", Type: cards.Captured, Amount: money.Of(1, "usd"), At: time.Now()}
	if r := c.differences(); len(r.Differences) != 0 {
		t.Errorf("%+v", r.Differences)
	}
}

// TestCardDifferences plants each kind of difference and sees it named with its
// likely cause.
func TestCardDifferences(t *testing.T) {
	t.Parallel()
	sql := func(statement string) func(*carded) { return func(c *carded) { c.do(statement) } }
	for name, x := range map[string]struct {
		plant       func(*carded)
		check       reconcile.Check
		says, cause string
	}{
		"an event that was lost": {sql(`DELETE FROM card_transactions WHERE network_id = 'c1'`), reconcile.Statement,
			"the capture c1 of 50.00 USD is on the provider's statement, and not in the books", "an event of theirs was lost"},
		"and what the books say to that": {sql(`DELETE FROM card_transactions WHERE network_id = 'c1'`), reconcile.Cards,
			"it is confirmed and has spent 40.00, and its card's postings add up to -10.00", "changed by other hands"},
		"a line that is gone": {func(c *carded) { c.provider.lines = c.provider.lines[1:] }, reconcile.Statement,
			"the capture c1 of 50.00 is in the books, and not on the statement of acme", "the provider does not know it"},
		"another amount": {func(c *carded) { c.provider.lines[2].Amount.Minor = 900 }, reconcile.Statement,
			"the force post f1 is of 9.00 USD at the provider, and of 7.00 in the books", "book what is missing"},
		"the other direction": {func(c *carded) { c.provider.lines[0].Type = cards.Refunded }, reconcile.Statement,
			"the other way round in the books", "Ask the provider for the event"},
		"a card of nobody": {func(c *carded) { c.provider.lines[0].Ref = "acme_other" }, reconcile.Statement,
			"of a card that is not here", "not made here"},
		"a provider that is down": {func(c *carded) { c.provider.fails = errors.New("down") }, reconcile.Statement,
			"its statement could not be read", "compare again later"},
		"a posting of another amount": {sql(`UPDATE card_transactions SET amount = 6000 WHERE network_id = 'c1'`), reconcile.Cards,
			"is of 60.00, and the ledger booked 50.00 for it", "trust those"},
		"a card's clearing": {sql(`UPDATE card_transactions SET amount = 6000 WHERE network_id = 'c1'`), reconcile.Cards,
			"its postings add up to 57.00, and its clearing account has 47.00", "trust those"},
		"a hold open, its authorization closed": {sql(`UPDATE authorizations SET status = 'voided', closed_at = now() WHERE rail = 'card' AND status = 'pending'`), reconcile.Holds,
			"it is voided and reserves 0.00, and its hold keeps 30.00", "its hold was not released"},
		"a hold that keeps too little": {sql(`UPDATE ledger_holds SET remaining = 2000, released = 1000 WHERE closed_at IS NULL`), reconcile.Holds,
			"reserves 30.00, and its hold keeps 20.00", "keeps less"},
		"a hold that keeps too much": {sql(`UPDATE authorizations SET amount = 2900 WHERE rail = 'card' AND status = 'pending'`), reconcile.Holds,
			"reserves 29.00, and its hold keeps 30.00", "keeps more"},
		"a hold of nothing": {sql(`UPDATE authorizations SET hold_id = NULL WHERE rail = 'card' AND status = 'pending'`), reconcile.Holds,
			"keeps 30.00 of it for no authorization", "Whoever removed it"},
		"a canceled card with money": {sql(`UPDATE cards SET status = 'canceled', canceled_at = now()`), reconcile.Cards,
			"the card is canceled, and 123.00 are still on it", "has not gone back to its wallet"},
		"a card that is gone": {sql(`ALTER TABLE card_transactions DROP CONSTRAINT card_transactions_company_id_live_card_id_fkey; DELETE FROM cards`), reconcile.Cards,
			"its account has 123.00, and there is no such card", "row was removed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarded(t)
			x.plant(c)
			r := c.differences()
			if !slices.ContainsFunc(r.Differences, func(d reconcile.Difference) bool {
				return d.Check == x.check && strings.Contains(d.Text, x.says) && strings.Contains(d.Cause, x.cause)
			}) {
				t.Errorf("nothing says %q because %q: %+v", x.says, x.cause, r.Differences)
			}
		})
	}
}
