package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// world is a tenant without money, unless it is a test side.
type world struct {
	t     *testing.T
	pool  *postgres.Pool
	books *ledger.Books
	side  ident.Tenant
}

func newWorld(t *testing.T, live bool) world {
	t.Helper()
	pool := pgtest.New(t)
	return world{t, pool, ledger.New(pool), ident.Tenant{Company: ident.New(), Live: live}}
}

func (w world) in(do func(ctx context.Context, tx pgx.Tx) error) error {
	return w.pool.InTx(context.Background(), do)
}

func (w world) must(do func(ctx context.Context, tx pgx.Tx) error) {
	w.t.Helper()
	if err := w.in(do); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) post(key string, entries ...ledger.Entry) (x ledger.Transaction, err error) {
	err = w.in(func(ctx context.Context, tx pgx.Tx) (err error) {
		x, err = ledger.Post(ctx, tx, w.side, audit.System(), ledger.Posting{Key: key, Kind: "moved", Entries: entries})
		return err
	})
	return x, err
}

func (w world) balance(r ledger.Ref) (minor int64) {
	w.t.Helper()
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		a, err := ledger.Balance(ctx, tx, w.side, r)
		minor = a.Balance
		return err
	})
	return minor
}

func (w world) wants(r ledger.Ref, minor int64) {
	w.t.Helper()
	if got := w.balance(r); got != minor {
		w.t.Errorf("the %s has %d, want %d", r.Kind, got, minor)
	}
}

func (w world) even() {
	w.t.Helper()
	rows, err := w.books.TrialBalance(context.Background(), w.side)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, total := range ledger.Totals(rows) {
		if total.Debits != total.Credits {
			w.t.Errorf("debits %s, credits %s", total.Debits, total.Credits)
		}
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

var (
	usd     = ledger.WalletOf(uuid.Nil, "usd")
	eur     = ledger.WalletOf(uuid.Nil, "eur")
	funding = ledger.Ref{Kind: ledger.Funding, Currency: "usd"}
	shop    = ledger.Ref{Kind: ledger.Clearing, Currency: "usd"}
)

func TestPostOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	first, err := w.post("a", ledger.Move(funding, usd, 500)...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.post("a", ledger.Move(funding, usd, 500)...)
	if err != nil || again.ID != first.ID || len(again.Lines) != 2 {
		t.Errorf("%+v %v", again, err)
	}
	_, err = w.post("a", ledger.Move(funding, usd, 501)...)
	refused(t, err, "posting_conflict")
	w.wants(usd, 500)
	w.wants(funding, 500)
	if events := w.events("ledger.posted"); events != 1 {
		t.Errorf("%d events", events)
	}
	w.even()
}

func (w world) events(kind string) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(context.Background(), `SELECT count(*) FROM audit_events WHERE company_id = $1 AND type = $2`, w.side.Company, kind).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestRefusedPostings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	if _, err := w.post("a", ledger.Move(funding, usd, 500)...); err != nil {
		t.Fatal(err)
	}
	_, err := w.post("b", ledger.Move(usd, shop, 501)...)
	refused(t, err, "insufficient_funds")
	for name, entries := range map[string][]ledger.Entry{
		"uneven":        {{Ref: usd, Amount: 1}, {Ref: funding, Amount: -2}},
		"per currency":  {{Ref: usd, Amount: 1}, {Ref: eur, Amount: -1}},
		"one entry":     {{Ref: usd, Amount: 1}},
		"nothing moved": {{Ref: usd}, {Ref: funding}},
		"unknown kind":  ledger.Move(ledger.Ref{Kind: "sock", Currency: "usd"}, usd, 1),
	} {
		if _, err := w.post("c", entries...); err == nil || errors.As(err, new(*fault.Error)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = w.post("d", ledger.Move(funding, usd, 1<<63-1)...)
	refused(t, err, "balance_too_large")
	w.wants(usd, 500)
}

func TestCreditFloor(t *testing.T) {
	t.Parallel()
	w, line := newWorld(t, true), int64(-300)
	floor := func(f *int64) error {
		return w.in(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.SetFloor(ctx, tx, w.side, audit.System(), usd, f)
			return err
		})
	}
	if err := floor(&line); err != nil {
		t.Fatal(err)
	}
	if _, err := w.post("a", ledger.Move(usd, shop, 300)...); err != nil {
		t.Fatal(err)
	}
	_, err := w.post("b", ledger.Move(usd, shop, 1)...)
	refused(t, err, "insufficient_funds")
	refused(t, floor(new(int64)), "floor_above_balance")
	w.wants(usd, -300)
}

func TestReversal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	x, err := w.post("a", ledger.Move(funding, usd, 500)...)
	if err != nil {
		t.Fatal(err)
	}
	reverse := func(key string, id uuid.UUID) (out ledger.Transaction, err error) {
		err = w.in(func(ctx context.Context, tx pgx.Tx) (err error) {
			out, err = ledger.Reverse(ctx, tx, w.side, audit.System(), ledger.Reversal{Key: key, Transaction: id})
			return err
		})
		return out, err
	}
	back, err := reverse("r", x.ID)
	if err != nil || back.Reverses == nil || *back.Reverses != x.ID {
		t.Fatalf("%+v %v", back, err)
	}
	if again, err := reverse("r", x.ID); err != nil || again.ID != back.ID {
		t.Errorf("%+v %v", again, err)
	}
	_, err = reverse("s", x.ID)
	refused(t, err, "already_reversed")
	_, err = reverse("s", back.ID)
	refused(t, err, "not_reversible")
	_, err = reverse("s", ident.New())
	refused(t, err, "not_found")
	w.wants(usd, 0)
	y, err := w.post("b", ledger.Move(funding, usd, 500)...)
	if err == nil {
		_, err = w.post("c", ledger.Move(usd, shop, 1)...)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = reverse("t", y.ID)
	refused(t, err, "insufficient_funds")
}

func TestBalanceAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	first, err := w.post("a", ledger.Move(funding, usd, 500)...)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.post("b", ledger.Move(funding, usd, 200)...)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.books.Account(t.Context(), w.side, first.Lines[0].Account)
	if err != nil || a.Ref != usd {
		t.Fatal(a, err)
	}
	for at, want := range map[time.Time]int64{first.CreatedAt.Add(-time.Microsecond): 0, first.CreatedAt: 500,
		second.CreatedAt.Add(-time.Microsecond): 500, second.CreatedAt: 700, second.CreatedAt.Add(time.Hour): 700} {
		if got, err := w.books.BalanceAt(t.Context(), w.side, a, at); err != nil || got != want {
			t.Errorf("%s: %d, want %d (%v)", at, got, want, err)
		}
	}
}

func TestSandboxOpensOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	agent := ledger.WalletOf(ident.New(), "usd")
	done := make(chan error, 8)
	for i := range cap(done) {
		go func() {
			if i%2 == 0 {
				_, err := w.post("move", ledger.Move(usd, agent, 100)...)
				done <- err
				return
			}
			done <- w.books.Ready(context.Background(), w.side)
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.must(func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.TopUp(ctx, tx, w.side, audit.System(), "top", ledger.WalletOf(uuid.Nil, "jpy"), 700)
		return err
	})
	for _, c := range []money.Currency{"eur", "gbp"} {
		w.wants(ledger.WalletOf(uuid.Nil, c), 1_000_000)
	}
	w.wants(usd, 999_900)
	w.wants(agent, 100)
	w.wants(ledger.WalletOf(uuid.Nil, "jpy"), 700)
	w.even()
	live := newWorld(t, true)
	refused(t, live.in(func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.TopUp(ctx, tx, live.side, audit.System(), "top", usd, 1)
		return err
	}), "provider_not_connected")
	live.wants(usd, 0)
}

func TestConvert(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		from, to money.Currency
		rate     string
		want     int64
		code     string
	}{
		{10000, "usd", "eur", "0.9215", 9215, ""},
		{1, "usd", "eur", "0.5", 0, "amount_zero"}, // half to even: zero
		{3, "usd", "eur", "0.5", 2, ""},            // 1.5 to 2
		{5, "usd", "eur", "0.5", 2, ""},            // 2.5 to 2
		{5, "usd", "eur", "0.500000000001", 3, ""},
		{100, "usd", "jpy", "151.5", 152, ""}, // 151.5 to 152
		{151, "jpy", "kwd", "0.002", 302, ""},
		{100_000_000_000_000, "usd", "eur", "999999999999.999999999999", 0, "amount_too_large"},
		{1, "usd", "eur", "1e2", 0, "rate_malformed"},
		{1, "usd", "eur", "1/2", 0, "rate_malformed"},
		{1, "usd", "eur", "-1", 0, "rate_malformed"},
		{1, "usd", "eur", "0.0", 0, "rate_malformed"},
		{1, "usd", "eur", "", 0, "rate_malformed"},
	} {
		got, err := ledger.Convert(money.Of(c.minor, c.from), c.to, c.rate)
		if c.code != "" {
			refused(t, err, c.code)
		} else if err != nil || got != money.Of(c.want, c.to) {
			t.Errorf("%d %s at %s: %v %v", c.minor, c.from, c.rate, got, err)
		}
	}
}

func TestSwap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	var x ledger.Transaction
	w.must(func(ctx context.Context, tx pgx.Tx) (err error) {
		x, err = ledger.Swap(ctx, tx, w.side, audit.System(), ledger.Trade{Key: "x", From: usd, To: eur, Sell: 333, Rate: "0.9215"})
		return err
	})
	if x.Rate != "0.9215" || len(x.Lines) != 4 {
		t.Errorf("%+v", x)
	}
	w.wants(usd, 1_000_000-333)
	w.wants(eur, 1_000_000+307)
	w.wants(ledger.Ref{Kind: ledger.Exchange, Currency: "usd"}, 333)
	w.wants(ledger.Ref{Kind: ledger.Exchange, Currency: "eur"}, -307)
	w.even()
}
