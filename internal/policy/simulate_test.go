package policy

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// told is one authorization of a made-up history.
type told struct {
	at       time.Time
	agent    uuid.UUID
	minor    int64
	decision Outcome // now; held says that it was held at first
	held     bool
	code     string
	status   string
	spent    int64 // when confirmed; 0: all
	closed   time.Time
	merchant string
}

var historyColumns = []string{"company_id", "live", "authorization_id", "agent_id", "status", "decision", "reason_code", "reason",
	"currency", "requested", "amount", "merchant_name", "merchant_mcc", "merchant_key", "rail", "capture", "metadata",
	"expires_in", "created_at", "closed_at", "requested_by", "explanation", "approval_id"}

func (s *shelf) tell(history ...told) {
	s.t.Helper()
	rows := make([][]any, len(history))
	for i, h := range history {
		var closed *time.Time
		if !h.closed.IsZero() {
			closed = &h.closed
		}
		amount, code, merchant := h.minor, h.code, h.merchant
		if h.spent != 0 {
			amount = h.spent
		}
		if code == "" {
			code = "ok"
		}
		if merchant == "" {
			merchant = "AWS"
		}
		var approval *uuid.UUID
		if h.held {
			id := ident.New()
			approval = &id
		}
		rows[i] = []any{s.tenant.Company, s.tenant.Live, ident.At(h.at), h.agent, h.status, string(h.decision), code, "",
			"usd", h.minor, amount, merchant, "7372", Normal(merchant), "api", "explicit", []byte(`{"po":"1"}`),
			int32(900), h.at, closed, "key", []byte{0}, approval}
	}
	if _, err := s.copyFrom(rows); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) copyFrom(rows [][]any) (n int64, err error) {
	err = s.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
		n, err = tx.CopyFrom(ctx, pgx.Identifier{"authorizations"}, historyColumns, pgx.CopyFromRows(rows))
		return err
	})
	return n, err
}

func (s *shelf) simulate(rules string, from, to time.Time) Simulation {
	s.t.Helper()
	result, err := s.Simulate(context.Background(), s.tenant, Trial{Content: content(s.t, rules), From: from, To: to})
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

func confirmed(agent uuid.UUID, at time.Time, minor int64) told {
	return told{at: at, agent: agent, minor: minor, decision: Approved, status: "confirmed", closed: at.Add(time.Minute)}
}

func TestSimulateALimit(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	bot := s.agent("bot")
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	partly := confirmed(bot, hour(0), 4000)
	partly.spent = 1000
	voided := confirmed(bot, hour(1), 5000)
	voided.status, voided.closed = "voided", hour(3)
	s.tell(partly, voided, // 10 spent, 50 reserved until the third hour
		confirmed(bot, hour(2), 4500), // does not fit: 60 + 45 > 100
		confirmed(bot, hour(3), 8900), // fits: 10 + 89
		confirmed(bot, hour(4), 200),  // does not: 99 + 2
		told{at: hour(5), agent: bot, minor: 100, decision: Denied, code: "transaction_limit", status: "denied", closed: hour(5)},
		told{at: hour(6), agent: bot, minor: 1, decision: Denied, code: "agent_frozen", status: "denied", closed: hour(6)},
		confirmed(bot, hour(30*24), 9900)) // April
	got := s.simulate(`[{"type":"limit","period":"month","amount":100,"currency":"usd"}]`, start, hour(31*24))
	if got.Total != 8 || got.Before != (Counts{Approved: 6, Denied: 2}) || got.After != (Counts{Approved: 5, Denied: 3}) {
		t.Errorf("%+v", got)
	}
	want := "[{APPROVED DENIED 2 [47.00 USD]} {DENIED APPROVED 1 [1.00 USD]}]"
	if fmt.Sprint(got.Totals) != want {
		t.Errorf("totals %v", got.Totals)
	}
	if len(got.Flips) != 3 || got.Flips[0].ReasonCode != CodeLimitExceeded || got.Flips[0].Amount != money.Of(4500, "usd") || !got.Flips[0].At.Equal(hour(2)) {
		t.Errorf("flips %+v", got.Flips)
	}
}

func TestSimulateSeedsWhatCameBefore(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	bot, other := s.agent("bot"), s.agent("other")
	from := time.Date(2026, 3, 18, 9, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	open := confirmed(bot, from.Add(-time.Hour), 3000) // reserved at from, confirmed in full later
	open.closed = from.Add(90 * time.Minute)
	expired := confirmed(bot, from.Add(-2*time.Hour), 2000) // reserved at from, given back later
	expired.status, expired.closed = "expired", from.Add(2*time.Hour)
	s.tell(confirmed(bot, from.Add(-20*day), 99999), // February
		confirmed(bot, from.Add(-2*day), 4000), expired, open,
		confirmed(bot, from.Add(time.Hour), 1001),    // 40 + 30 + 20 = 90 used
		confirmed(bot, from.Add(3*time.Hour), 3000),  // 70 used by now
		confirmed(other, from.Add(time.Minute), 100)) // has its own
	got := s.simulate(`[{"type":"limit","period":"month","amount":100,"currency":"usd"}]`, from, from.Add(day))
	if fmt.Sprint(got.Totals) != "[{APPROVED DENIED 1 [10.01 USD]}]" || got.Total != 3 {
		t.Errorf("per agent: %d %v", got.Total, got.Totals)
	}
	got = s.simulate(`[{"type":"limit","period":"month","amount":100,"currency":"usd","per":"company"}]`, from, from.Add(day))
	if fmt.Sprint(got.Totals) != "[{APPROVED DENIED 2 [40.01 USD]}]" {
		t.Errorf("shared: %v", got.Totals)
	}
	got = s.simulate(`[{"type":"velocity","window":"6h","count":3}]`, from, from.Add(day))
	if fmt.Sprint(got.Totals) != "[{APPROVED DENIED 1 [30.00 USD]}]" {
		t.Errorf("velocity: %v", got.Totals) // the third hour still sees -2h, -1h and +1h
	}
}

func TestSimulateOtherFacts(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	bot := s.agent("bot")
	from := time.Date(2026, 3, 18, 9, 0, 0, 0, time.UTC)
	minute := func(n int) time.Time { return from.Add(time.Duration(n) * time.Minute) }
	s.exec(`INSERT INTO known_merchants (company_id, live, merchant_key, first_at) VALUES ($1, true, 'aws', $2)`, s.tenant.Company, from.Add(-time.Hour))
	voided := confirmed(bot, minute(10), 500)
	voided.status, voided.closed = "voided", minute(11)
	novel := confirmed(bot, minute(20), 700)
	novel.merchant = "Novel"
	again := confirmed(bot, minute(30), 800)
	again.merchant = "NOVEL"
	denied := told{at: minute(40), agent: bot, minor: 900, decision: Denied, held: true, code: "denied_by_approver", status: "denied", closed: minute(41)}
	s.tell(confirmed(bot, minute(-5), 300), confirmed(bot, minute(0), 300), voided, confirmed(bot, minute(12), 500), novel, again, denied)
	got := s.simulate(`[{"type":"duplicate","window":"10m","effect":"deny"}]`, from, minute(60))
	if fmt.Sprint(got.Totals) != "[{APPROVED DENIED 1 [3.00 USD]} {REQUIRES_APPROVAL APPROVED 1 [9.00 USD]}]" {
		t.Errorf("duplicate: %v", got.Totals)
	}
	got = s.simulate(`[{"type":"new_merchant","effect":"require_approval"}]`, from, minute(60))
	if fmt.Sprint(got.Totals) != "[{APPROVED REQUIRES_APPROVAL 1 [7.00 USD]} {REQUIRES_APPROVAL APPROVED 1 [9.00 USD]}]" {
		t.Errorf("new merchant: %v", got.Totals)
	}
	if got.WeeklyApprovals != 1680 || got.WeeklyApprovalsBefore != 1680 { // one an hour
		t.Errorf("weekly %d %d", got.WeeklyApprovals, got.WeeklyApprovalsBefore)
	}
	got = s.simulate(`[{"type":"expression","when":"metadata.po == '1' && agent == 'bot' && amount > 6.0","effect":"deny"}]`, from, minute(60))
	if got.After.Denied != 3 {
		t.Errorf("expression: %+v", got.After)
	}
}

func TestSimulateInPlaceOfAPolicy(t *testing.T) {
	t.Parallel()
	s, ctx := newShelf(t), context.Background()
	bot := s.agent("bot")
	at := time.Date(2026, 3, 18, 9, 0, 0, 0, time.UTC)
	s.tell(confirmed(bot, at, 5000))
	p, err := s.create(content(t, `[{"type":"transaction_limit","amount":10,"currency":"usd"}]`))
	if err != nil {
		t.Fatal(err)
	}
	shadow := content(t, `[{"type":"rail","mode":"block","values":["api"]}]`)
	shadow.Status = Shadow
	if _, err := s.create(shadow); err != nil {
		t.Fatal(err)
	}
	tomorrow := time.Now().Add(24 * time.Hour)
	trial := Trial{Content: content(t, `[{"type":"approval_threshold","amount":10,"currency":"usd"}]`), From: at, To: at.Add(time.Hour)}
	trial.Content.Status, trial.Content.EffectiveFrom = Draft, &tomorrow
	beside, err := s.Simulate(ctx, s.tenant, trial)
	if err != nil || beside.After != (Counts{Denied: 1}) {
		t.Errorf("beside: %+v %v", beside, err)
	}
	trial.Replaces = &p.ID
	instead, err := s.Simulate(ctx, s.tenant, trial)
	if err != nil || instead.After != (Counts{RequiresApproval: 1}) {
		t.Errorf("instead: %+v %v", instead, err)
	}
	other := s.tenant
	other.Live = false
	if _, err := s.Simulate(ctx, other, trial); !fault.Is(err, "not_found") {
		t.Errorf("of the other mode: %v", err)
	}
	trial.To = at
	if _, err := s.Simulate(ctx, s.tenant, trial); !fault.Is(err, "invalid_range") {
		t.Errorf("empty range: %v", err)
	}
	trial.To = at.Add(401 * 24 * time.Hour)
	if _, err := s.Simulate(ctx, s.tenant, trial); !fault.Is(err, "range_too_long") {
		t.Errorf("long range: %v", err)
	}
}

// TestSimulateManyInTime replays 100,000 requests of a year, with every kind of
// fact asked for. Ten seconds are promised and an idle machine needs three. The
// bound is on this process's own time on the cores, so that other tests at the
// same time cannot make it fail.
func TestSimulateManyInTime(t *testing.T) {
	s := newShelf(t)
	agents := make([]uuid.UUID, 20)
	for i := range agents {
		agents[i] = s.agent(fmt.Sprintf("bot-%d", i))
	}
	const many = 100_000
	start := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	s.exec(`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason,
			currency, requested, amount, merchant_name, merchant_mcc, merchant_key, rail, capture, metadata,
			expires_in, created_at, closed_at, requested_by, explanation)
		SELECT $1, true, (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || left(md5(i::text), 3) || '8' || right(md5(i::text), 15))::uuid,
			($2::uuid[])[i % 20 + 1], (CASE WHEN i % 5 = 0 THEN 'voided' ELSE 'confirmed' END)::authorization_status, 'APPROVED', 'ok', '',
			'usd', 100 + i * 7919 % 9000, 100 + i * 7919 % 9000, 'shop-' || i * 31 % 500, '7372', 'shop-' || i * 31 % 500, 'api', 'explicit', '{"po":"1"}',
			900, at, at + i % 97 * interval '1 minute', 'key', '\x00'
		FROM (SELECT i::bigint, $3::timestamptz + i * interval '5 minutes' AS at FROM generate_series(0, $4::int - 1) i) h`,
		s.tenant.Company, agents, start, many)
	s.exec(`ANALYZE authorizations`)
	last, calls := 0, 0
	began, work := time.Now(), coreTime(t)
	got, err := s.Simulate(context.Background(), s.tenant, Trial{From: start, To: start.Add(many * 5 * time.Minute),
		Content: content(t, `[{"type":"limit","period":"month","amount":10000,"currency":"usd"},
			{"type":"limit","period":"day","amount":9000,"currency":"usd","per":"company"},
			{"type":"transaction_limit","amount":80,"currency":"usd"},{"type":"approval_threshold","amount":70,"currency":"usd"},
			{"type":"velocity","window":"1d","count":1000},{"type":"duplicate","window":"1d"},
			{"type":"new_merchant","effect":"require_approval"},
			{"type":"expression","when":"amount > 75.5 && merchant.mcc == '7372'","effect":"require_approval"}]`),
		Progress: func(done, total int) {
			if done < last || total != many {
				t.Errorf("progress %d of %d", done, total)
			}
			last, calls = done, calls+1
		}})
	took, worked := time.Since(began), coreTime(t)-work
	if err != nil || got.Total != many || last != many || calls < 2 || len(got.Flips) != maxFlips {
		t.Fatalf("%d %d %d %v", got.Total, last, calls, err)
	}
	if got.After.Denied == 0 || got.After.RequiresApproval == 0 || got.After.Approved == 0 {
		t.Errorf("after %+v", got.After)
	}
	t.Logf("%d requests in %v, %v of it here: %+v", got.Total, took, worked, got.After)
	if worked > slower*10*time.Second {
		t.Errorf("worked %v", worked)
	}
}

// coreTime is how long this process has worked so far, on all cores.
func coreTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestLatestKeepsTheNewest(t *testing.T) {
	l := &latest{keep: 3}
	for i := range 100 {
		l.push(noon.Add(time.Duration(i)))
		list := l.list()
		if len(list) != min(i+1, 3) || !list[0].Equal(noon.Add(time.Duration(i))) || !list[len(list)-1].Equal(noon.Add(time.Duration(max(0, i-2)))) {
			t.Fatalf("after %d: %v", i, list)
		}
	}
}
