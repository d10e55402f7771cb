package spend_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/spend"
)

// till is an agent with an account of 100.00 that pays for it.
type till struct {
	*house
	bot    uuid.UUID
	pays   ledger.Ref
	takes  ledger.Ref
	events int
}

func newTill(t *testing.T) *till {
	h := newHouse(t)
	w := &till{house: h, bot: h.agent("bot")}
	h.policy(`[{"type":"limit","period":"month","amount":150,"currency":"usd"},{"type":"approval_threshold","amount":60,"currency":"usd"}]`)
	card := ident.New()
	w.pays, w.takes = ledger.Ref{Kind: ledger.Card, Owner: card, Currency: "usd"}, ledger.Ref{Kind: ledger.Clearing, Owner: card, Currency: "usd"}
	err := h.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.Post(ctx, tx, h.tenant, audit.System(), ledger.Posting{Key: "load", Kind: "card.loaded",
			Entries: ledger.Move(ledger.Ref{Kind: ledger.Funding, Currency: "usd"}, w.pays, 10_000)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *till) backing() spend.Backing { return spend.Backing{Pays: w.pays} }

func (w *till) swipe(minor int64) spend.Result {
	w.t.Helper()
	r := ask(w.bot, minor)
	k := w.backing()
	r.Rail, r.Backing = "card", &k
	return w.then(spend.Result{}, func() (spend.Result, error) { return w.gate.Authorize(w.t.Context(), w.call(), r) })
}

func (w *till) posting(minor int64) spend.Posting {
	w.events++
	return spend.Posting{Key: fmt.Sprint("event:", w.events), Amount: minor, Pays: w.pays, Takes: w.takes}
}

// stands compares the authorization, the budget and the books, in minor units.
func (w *till) stands(what string, id uuid.UUID, status spend.Status, spent, reserved, balance, clearing int64) {
	w.t.Helper()
	r, err := w.gate.Get(w.t.Context(), w.call(), id, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	a := r.Authorization
	budget, err := w.gate.Budget(w.t.Context(), w.tenant, w.bot, "")
	if err != nil {
		w.t.Fatal(err)
	}
	limit := budget[0].Limits[0]
	if a.Status != status || a.Settled() != spent || a.Reserved() != reserved || limit.Spent != spent || limit.Reserved != reserved {
		w.t.Errorf("%s: %s, %d spent, %d reserved, the limit says %d and %d; want %s, %d, %d", what, a.Status, a.Settled(), a.Reserved(),
			limit.Spent, limit.Reserved, status, spent, reserved)
	}
	var card, held, taken ledger.Account
	err = w.pool.InTx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		if card, err = ledger.Balance(ctx, tx, w.tenant, w.pays); err != nil {
			return err
		}
		if held, err = ledger.Balance(ctx, tx, w.tenant, ledger.Ref{Kind: ledger.Held, Owner: card.ID, Currency: "usd"}); err != nil {
			return err
		}
		taken, err = ledger.Balance(ctx, tx, w.tenant, w.takes)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	kept := reserved
	if a.Hold == uuid.Nil {
		kept = 0
	}
	if card.Balance != balance || held.Balance != kept || taken.Balance != clearing || *card.Floor != min(card.Balance, 0) {
		w.t.Errorf("%s: the card has %d (floor %d), %d held, %d in clearing; want %d, %d, %d", what, card.Balance, *card.Floor, held.Balance, taken.Balance, balance, reserved, clearing)
	}
	w.checkMeters()
}

func TestNetworkPostings(t *testing.T) {
	t.Parallel()
	type step struct {
		do       string
		minor    int64
		code     string // of the error, or none
		status   spend.Status
		spent    int64
		reserved int64
		balance  int64
	}
	for name, steps := range map[string][]step{
		"captured": {{"capture", 4000, "", spend.Confirmed, 4000, 0, 6000}, {"reverse", 0, "authorization_confirmed", spend.Confirmed, 4000, 0, 6000},
			{"expire", 0, "authorization_confirmed", spend.Confirmed, 4000, 0, 6000}},
		"all of it": {{"capture", 0, "", spend.Confirmed, 4000, 0, 6000}},
		"in parts": {{"capture", 1000, "", spend.Pending, 1000, 3000, 6000}, {"capture", 500, "", spend.Pending, 1500, 2500, 6000},
			{"capture", 2500, "", spend.Confirmed, 4000, 0, 6000}},
		"a part, the last": {{"final", 1000, "", spend.Confirmed, 1000, 0, 9000}},
		"two, the last":    {{"capture", 1000, "", spend.Pending, 1000, 3000, 6000}, {"final", 500, "", spend.Confirmed, 1500, 0, 8500}},
		"above the hold":   {{"capture", 4500, "", spend.Confirmed, 4500, 0, 5500}, {"capture", 500, "", spend.Confirmed, 5000, 0, 5000}},
		"above it in parts, past the card and the limit": {{"capture", 1000, "", spend.Pending, 1000, 3000, 6000},
			{"capture", 15000, "", spend.Confirmed, 16000, 0, -6000}, {"refund", 2000, "", spend.Confirmed, 14000, 0, -4000},
			{"refund", 9000, "", spend.Confirmed, 5000, 0, 5000}},
		"reversed":            {{"reverse", 0, "", spend.Voided, 0, 0, 10000}, {"capture", 1, "authorization_voided", spend.Voided, 0, 0, 10000}, {"reverse", 0, "authorization_voided", spend.Voided, 0, 0, 10000}},
		"reversed in part":    {{"reverse", 1000, "", spend.Pending, 0, 3000, 7000}, {"capture", 3000, "", spend.Confirmed, 3000, 0, 7000}},
		"reversed too much":   {{"reverse", 4001, "reversal_above_hold", spend.Pending, 0, 4000, 6000}},
		"the rest reversed":   {{"capture", 1000, "", spend.Pending, 1000, 3000, 6000}, {"reverse", 0, "", spend.Confirmed, 1000, 0, 9000}},
		"expired":             {{"expire", 0, "", spend.Expired, 0, 0, 10000}, {"capture", 1, "authorization_expired", spend.Expired, 0, 0, 10000}},
		"the rest expired":    {{"capture", 1000, "", spend.Pending, 1000, 3000, 6000}, {"expire", 0, "", spend.Confirmed, 1000, 0, 9000}},
		"expired by time":     {{"time", 0, "", spend.Expired, 0, 0, 10000}},
		"the rest by time":    {{"capture", 1000, "", spend.Pending, 1000, 3000, 6000}, {"time", 0, "", spend.Confirmed, 1000, 0, 9000}},
		"refunded":            {{"capture", 4000, "", spend.Confirmed, 4000, 0, 6000}, {"refund", 1000, "", spend.Confirmed, 3000, 0, 7000}, {"refund", 0, "", spend.Confirmed, 0, 0, 10000}, {"refund", 0, "refund_above_capture", spend.Confirmed, 0, 0, 10000}},
		"refunded too much":   {{"capture", 4000, "", spend.Confirmed, 4000, 0, 6000}, {"refund", 4001, "refund_above_capture", spend.Confirmed, 4000, 0, 6000}},
		"refunded, not taken": {{"refund", 1, "authorization_pending", spend.Pending, 0, 4000, 6000}},
		"refunded while open": {{"capture", 1000, "", spend.Pending, 1000, 3000, 6000}, {"refund", 400, "", spend.Pending, 600, 3000, 6400}, {"capture", 3000, "", spend.Confirmed, 3600, 0, 6400}},
		"not by the agent":    {{"void", 0, "network_settles", spend.Pending, 0, 4000, 6000}, {"confirm", 0, "network_settles", spend.Pending, 0, 4000, 6000}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTill(t)
			a := w.swipe(4000).Authorization
			w.stands("approved", a.ID, spend.Pending, 0, 4000, 6000, 0)
			for i, s := range steps {
				err := w.step(s.do, a.ID, s.minor)
				if got := fault.From(err).Code; err != nil && got != s.code || err == nil && s.code != "" {
					t.Fatalf("step %d, %s %d: %v, want %q", i, s.do, s.minor, err, s.code)
				}
				w.stands(fmt.Sprint(i, " ", s.do), a.ID, s.status, s.spent, s.reserved, s.balance, s.spent)
			}
		})
	}
}

func (w *till) step(do string, id uuid.UUID, minor int64) (err error) {
	p := w.posting(minor)
	switch do {
	case "capture", "final":
		p.Final = do == "final"
		_, err = w.gate.CaptureHold(w.t.Context(), w.call(), id, p)
	case "reverse":
		_, err = w.gate.ReverseHold(w.t.Context(), w.call(), id, p)
	case "refund":
		_, err = w.gate.Refund(w.t.Context(), w.call(), id, p)
	case "expire":
		_, err = w.gate.ExpireHold(w.t.Context(), w.call(), id, p)
	case "time":
		w.endTime(id)
		err = w.gate.SweepOnce(w.t.Context())
	case "void":
		_, err = w.gate.Void(w.t.Context(), w.call(), id, "")
	case "confirm":
		_, err = w.gate.Confirm(w.t.Context(), w.call(), id, nil, "")
	}
	return err
}

func TestTooLittleToPay(t *testing.T) {
	t.Parallel()
	w := newTill(t)
	w.swipe(5500)
	r := w.swipe(4600)
	if r.Authorization.Status != spend.Denied || r.Authorization.ReasonCode != "insufficient_funds" || r.Approval != nil {
		t.Errorf("%+v", r.Authorization)
	}
	if r := w.swipe(4500); r.Authorization.Status != spend.Pending {
		t.Errorf("what is there is not approved: %+v", r.Authorization)
	}
	w.expireAll() // the next decision has it all again, in one batch with the release
	if r := w.swipe(6000); r.Authorization.Status != spend.Pending {
		t.Errorf("what has expired is not given back: %s", r.Authorization.Reason)
	}
	w.checkMeters()
}

func TestWhatARailRefuses(t *testing.T) {
	t.Parallel()
	w := newTill(t)
	var seen []spend.Status
	r := ask(w.bot, 1000)
	r.Backing = &spend.Backing{Pays: w.pays,
		Admit: func(context.Context, pgx.Tx, *spend.Authorization) (*spend.Refusal, error) {
			return &spend.Refusal{Code: "card_frozen", Reason: "The card is frozen"}, nil
		},
		Decided: func(ctx context.Context, tx pgx.Tx, a *spend.Authorization) error {
			seen = append(seen, a.Status)
			return nil
		}}
	out, err := w.gate.Authorize(t.Context(), w.call(), r)
	if err != nil || out.Authorization.Status != spend.Denied || out.Authorization.ReasonCode != "card_frozen" || out.Authorization.Reason != "The card is frozen" {
		t.Fatalf("%+v %v", out.Authorization, err)
	}
	if len(seen) != 1 || seen[0] != spend.Denied {
		t.Errorf("the rail was told %v", seen)
	}
	w.stands("refused", out.Authorization.ID, spend.Denied, 0, 0, 10000, 0)
}

// TestARailThatFails takes everything back that was done for one request, and
// nothing of the others that were decided with it.
func TestARailThatFails(t *testing.T) {
	t.Parallel()
	w := newTill(t)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			r := ask(w.bot, 1000)
			r.Backing = &spend.Backing{Pays: w.pays, Decided: func(ctx context.Context, tx pgx.Tx, a *spend.Authorization) error {
				if i%2 == 0 {
					_, err := tx.Exec(ctx, "SELECT 1/0")
					return err
				}
				return nil
			}}
			if _, err := w.gate.Authorize(t.Context(), w.call(), r); (err != nil) != (i%2 == 0) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wait.Wait()
	if got := w.statuses(); got["pending"] != 4 || len(got) != 1 {
		t.Errorf("%v", got)
	}
	w.checkMeters()
	var held int64
	if err := w.pool.QueryRow(t.Context(), `SELECT sum(remaining) FROM ledger_holds`).Scan(&held); err != nil || held != 4000 {
		t.Errorf("%d held, %v", held, err)
	}
}

// TestKnownPostings books an event once, however often and together it comes.
func TestKnownPostings(t *testing.T) {
	t.Parallel()
	w := newTill(t)
	a := w.swipe(4000).Authorization
	p := w.posting(1000)
	p.Known = func(ctx context.Context, tx pgx.Tx, _ *spend.Authorization) (known bool, err error) {
		err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM ledger_transactions WHERE key = $1)`, p.Key).Scan(&known)
		return known, err
	}
	var booked atomic.Int32
	p.Booked = func(context.Context, pgx.Tx, *spend.Authorization, ledger.Transaction) error {
		booked.Add(1)
		return nil
	}
	second := w.replica()
	var wait sync.WaitGroup
	for i := range 6 {
		wait.Go(func() {
			gate := w.gate
			if i%2 == 0 {
				gate = second
			}
			if _, err := gate.CaptureHold(t.Context(), w.call(), a.ID, p); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	w.stands("captured once", a.ID, spend.Pending, 1000, 3000, 6000, 1000)
	if booked.Load() != 1 {
		t.Errorf("booked %d times", booked.Load())
	}
}

func TestForce(t *testing.T) {
	t.Parallel()
	w := newTill(t)
	r, err := w.gate.Force(t.Context(), w.call(), ask(w.bot, 16_000), w.posting(0))
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Authorization; a.ReasonCode != spend.NetworkPosted || a.Status != spend.Confirmed {
		t.Errorf("%+v", a)
	}
	w.stands("forced", r.Authorization.ID, spend.Confirmed, 16_000, 0, -6_000, 16_000)
	if r := w.swipe(1); r.Authorization.ReasonCode != "limit_exceeded" {
		t.Errorf("a limit that is past lets %s", r.Authorization.ReasonCode)
	}
	if _, err := w.gate.Force(t.Context(), w.call(), ask(ident.New(), 1), w.posting(0)); fault.From(err).Code != "not_found" {
		t.Error(err)
	}
}

func TestPresent(t *testing.T) {
	t.Parallel()
	w := newTill(t)
	held := w.swipe(8000).Authorization
	w.stands("held", held.ID, spend.Held, 0, 8000, 10000, 0)
	present := func(minor int64, k spend.Backing) (string, error) {
		_, refusal, err := w.gate.Present(t.Context(), w.call(), held.ID, minor, k)
		if refusal != nil {
			return refusal.Code, err
		}
		return "", err
	}
	if _, err := present(8000, w.backing()); fault.From(err).Code != "authorization_held" {
		t.Errorf("before the approval: %v", err)
	}
	if _, err := w.ballot(held.ID, spend.ForApproval, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.gate.CaptureHold(t.Context(), w.call(), held.ID, w.posting(1)); fault.From(err).Code != "not_presented" {
		t.Errorf("a capture of what was not presented: %v", err)
	}
	if _, err := w.gate.Confirm(t.Context(), w.call(), held.ID, nil, ""); fault.From(err).Code != "not_presented" {
		t.Errorf("a confirm of what was not presented: %v", err)
	}
	if _, err := present(8001, w.backing()); fault.From(err).Code != "amount_above_hold" {
		t.Errorf("more than was approved: %v", err)
	}
	poor := spend.Backing{Pays: ledger.Ref{Kind: ledger.Card, Owner: ident.New(), Currency: "usd"}}
	if code, err := present(8000, poor); code != "insufficient_funds" || err != nil {
		t.Errorf("an empty card: %q %v", code, err)
	}
	w.exec(`UPDATE agents SET status = 'frozen' WHERE agent_id = $1`, w.bot)
	if code, err := present(8000, w.backing()); code != "agent_frozen" || err != nil {
		t.Errorf("a frozen agent: %q %v", code, err)
	}
	w.exec(`UPDATE agents SET status = 'active' WHERE agent_id = $1`, w.bot)
	if code, err := present(7000, w.backing()); code != "" || err != nil {
		t.Errorf("%q %v", code, err)
	}
	w.stands("presented for less", held.ID, spend.Pending, 0, 7000, 3000, 0)
	if _, err := present(7000, w.backing()); fault.From(err).Code != "already_presented" {
		t.Errorf("twice: %v", err)
	}
	if err := w.step("capture", held.ID, 7000); err != nil {
		t.Error(err)
	}
	w.stands("captured", held.ID, spend.Confirmed, 7000, 0, 3000, 7000)
}
