package spend_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// TestRulesOfThePastUnderConcurrency: what a rule counts must hold within a
// batch as well as across them.
func TestRulesOfThePastUnderConcurrency(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules    string
		approved int32
	}{
		"velocity":  {`[{"type":"velocity","window":"1h","count":10}]`, 10},
		"duplicate": {`[{"type":"duplicate","window":"10m","effect":"deny"}]`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.policy(c.rules)
			bot := h.agent("bot")
			gates := []*spend.Service{h.gate, h.replica()}
			var approved atomic.Int32
			var wait sync.WaitGroup
			for i := range 40 {
				wait.Go(func() {
					r, err := gates[i%2].Authorize(context.Background(), h.call(), ask(bot, 100))
					if err != nil {
						t.Error(err)
					} else if r.Authorization.Decision == policy.Approved {
						approved.Add(1)
					}
				})
			}
			wait.Wait()
			if approved.Load() != c.approved {
				t.Fatalf("%d approved", approved.Load())
			}
		})
	}
}

func TestVelocityCountsVoided(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"velocity","window":"1h","count":2}]`)
	bot := h.agent("bot")
	for range 2 {
		if _, err := h.gate.Void(t.Context(), h.call(), h.authorize(bot, 100).Authorization.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	if r := h.authorize(bot, 100); r.Authorization.ReasonCode != "velocity_exceeded" {
		t.Fatalf("%+v", r.Authorization)
	}
}

func TestNewMerchantIsKnownOnceConfirmed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"new_merchant","effect":"require_approval"}]`)
	bot := h.agent("bot")
	r := h.authorize(bot, 100)
	if r.Authorization.Status != spend.Held {
		t.Fatalf("%+v", r.Authorization)
	}
	if _, err := h.cast(r, h.member, h.person, nil); err != nil {
		t.Fatal(err)
	}
	if again := h.authorize(bot, 100); again.Authorization.Status != spend.Held {
		t.Fatal("an approved merchant is not yet a paid one")
	}
	if _, err := h.gate.Confirm(t.Context(), h.call(), r.Authorization.ID, nil, ""); err != nil {
		t.Fatal(err)
	}
	if again := h.authorize(bot, 100); again.Authorization.Status != spend.Pending {
		t.Fatalf("%+v", again.Authorization)
	}
}

func TestDryRunLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	q := ask(bot, 10000)
	q.DryRun = true
	for range 2 {
		r, err := h.gate.Authorize(t.Context(), h.call(), q)
		if err != nil || r.Authorization.Decision != policy.Approved || r.Authorization.PublicID() != "" || r.Token != "" {
			t.Fatalf("%+v %v", r, err)
		}
	}
	if s := h.statuses(); len(s) != 0 {
		t.Fatalf("%v", s)
	}
	h.checkMeters()
}

func TestFreezesAndStrangers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	open := h.authorize(bot, 100).Authorization.ID
	h.exec(`UPDATE agents SET status = 'frozen' WHERE agent_id = $1`, bot)
	if r := h.authorize(bot, 100); r.Authorization.ReasonCode != "agent_frozen" {
		t.Fatalf("%+v", r.Authorization)
	}
	if _, err := h.gate.Confirm(t.Context(), h.call(), open, nil, ""); err != nil {
		t.Fatalf("what was approved may be confirmed: %v", err)
	}
	h.exec(`UPDATE agents SET status = 'deleted' WHERE agent_id = $1`, bot)
	for name, agent := range map[string]uuid.UUID{"deleted": bot, "unknown": ident.New()} {
		if _, err := h.gate.Authorize(t.Context(), h.call(), ask(agent, 100)); !fault.Is(err, "not_found") {
			t.Errorf("%s: %v", name, err)
		}
	}
	test := h.call()
	test.Tenant.Live = false
	if _, err := h.gate.Confirm(t.Context(), test, open, nil, ""); !fault.Is(err, "not_found") {
		t.Errorf("the other mode: %v", err)
	}
}

func TestDeadKeysMoveNoBudget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	for name, column := range map[string]string{"revoked": "revoked_at", "expired": "expires_at"} {
		call := h.call()
		call.Key = ident.New()
		call.Actor = audit.Key(call.Key, "req")
		h.exec(`INSERT INTO api_keys (company_id, live, key_id, name, prefix, lookup, bcrypt_hash, scopes, created_by, `+column+`)
			VALUES ($1, true, $2, 'k', 'p', '', '', '{spend}', 'x', clock_timestamp())`, h.tenant.Company, call.Key)
		if _, err := h.gate.Authorize(t.Context(), call, ask(bot, 100)); !fault.Is(err, "invalid_api_key") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGivenBackToItsWindow: a hold of long ago that is voided today changes
// the total and nothing of this month.
func TestGivenBackToItsWindow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bot := h.agent("bot")
	h.policy(`[{"type":"limit","period":"month","amount":100,"currency":"usd"},{"type":"limit","period":"total","amount":150,"currency":"usd"}]`)
	old := h.authorize(bot, 8000).Authorization
	long := time.Now().AddDate(-2, 0, 0)
	h.exec(`UPDATE authorizations SET created_at = $1, expires_at = clock_timestamp() + interval '1 day'`, long)
	h.exec(`UPDATE meters SET day_from = $1, week_from = $1, month_from = $1, quarter_from = $1, year_from = $1`, long.AddDate(-1, 0, 0))
	if r := h.authorize(bot, 7001); r.Authorization.ReasonCode != "limit_exceeded" {
		t.Fatalf("the total still has it: %+v", r.Authorization)
	}
	if r := h.authorize(bot, 7000); r.Authorization.Decision != policy.Approved {
		t.Fatalf("this month does not: %+v", r.Authorization)
	}
	if _, err := h.gate.Void(t.Context(), h.call(), old.ID, ""); err != nil {
		t.Fatal(err)
	}
	if r := h.authorize(bot, 3001); r.Authorization.Decision != policy.Denied {
		t.Fatal("this month got back what it never gave")
	}
	h.checkMeters()
}

func TestBudgetIsWhatAuthorizeAllows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(`[{"type":"limit","period":"month","amount":100,"currency":"usd"},{"type":"transaction_limit","amount":80,"currency":"usd"},
		{"type":"approval_threshold","amount":30,"currency":"usd"}]`)
	bot := h.agent("bot")
	for _, want := range []int64{8000, 7000} {
		b, err := h.gate.Budget(t.Context(), h.tenant, bot, "")
		if err != nil || len(b) != 1 || *b[0].Max != want || *b[0].MaxWithoutApproval != 3000 {
			t.Fatalf("%+v %v, want %d", b, err, want)
		}
		for minor, outcome := range map[int64]policy.Outcome{want: policy.RequiresApproval, want + 1: policy.Denied, 3000: policy.Approved} {
			q := ask(bot, minor)
			q.DryRun = true
			if r, err := h.gate.Authorize(t.Context(), h.call(), q); err != nil || r.Authorization.Decision != outcome {
				t.Fatalf("%d: %+v %v", minor, r.Authorization, err)
			}
		}
		h.authorize(bot, 3000)
	}
	h.authorize(bot, 3100) // is held
	h.expireAll()
	if b, err := h.gate.Budget(t.Context(), h.tenant, bot, ""); err != nil || *b[0].Max != 8000 || b[0].Limits[0].Reserved != 0 {
		t.Fatalf("an expired hold still counts: %+v %v", b, err)
	}
}

func TestRedeemBindsToTheProcessor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "agent"))
	bot := h.agent("bot")
	h.exec(`UPDATE companies SET require_redemption = true`)
	h.exec(`UPDATE company_modes SET epoch = epoch + 1`)
	auto := ask(bot, 1000)
	auto.Capture = spend.Auto
	if _, err := h.gate.Authorize(t.Context(), h.call(), auto); !fault.Is(err, "redemption_required") {
		t.Fatalf("%v", err)
	}
	r := h.authorize(bot, 1000)
	id := r.Authorization.ID
	if _, err := h.gate.Confirm(t.Context(), h.call(), id, nil, ""); !fault.Is(err, "redemption_required") {
		t.Fatalf("%v", err)
	}
	if _, err := h.gate.Redeem(t.Context(), h.call(), r.Token+"x"); !fault.Is(err, "invalid_token") {
		t.Fatalf("%v", err)
	}
	if _, err := h.gate.Redeem(t.Context(), h.call(), r.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := h.gate.Redeem(t.Context(), h.call(), r.Token); !fault.Is(err, "authorization_redeemed") {
		t.Fatalf("%v", err)
	}
	if _, err := h.gate.Void(t.Context(), h.call(), id, ""); !fault.Is(err, "authorization_redeemed") {
		t.Fatalf("%v", err)
	}
	processor := h.call()
	processor.Settles = true
	if _, err := h.gate.Confirm(t.Context(), processor, id, nil, ""); err != nil {
		t.Fatal(err)
	}
	denied := h.authorize(bot, 99999)
	if _, err := h.gate.Redeem(t.Context(), h.call(), denied.Token); !fault.Is(err, "authorization_denied") {
		t.Fatalf("%v", err)
	}
}

// TestAChangeOfTheCompanysZone: a limit without a zone of its own follows the
// company's days. Prepared, the change stops nothing; unprepared, requests are
// put off until the history is counted, and never decided without it.
func TestAChangeOfTheCompanysZone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100, "company"))
	bot := h.agent("bot")
	h.authorize(bot, 6000)
	if err := h.gate.PrepareZone(t.Context(), h.tenant.Company, "Europe/Berlin"); err != nil {
		t.Fatal(err)
	}
	h.exec(`UPDATE companies SET time_zone = 'Europe/Berlin'`)
	h.exec(`UPDATE company_modes SET epoch = epoch + 1`)
	if r := h.authorize(bot, 4001); r.Authorization.ReasonCode != "limit_exceeded" {
		t.Fatalf("prepared: %+v", r.Authorization)
	}
	h.exec(`UPDATE companies SET time_zone = 'Pacific/Apia'`)
	h.exec(`UPDATE company_modes SET epoch = epoch + 1`)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r, err := h.gate.Authorize(t.Context(), h.call(), ask(bot, 4001))
		if err == nil && r.Authorization.ReasonCode == "limit_exceeded" {
			break
		}
		if err == nil || !fault.Is(err, "meters_not_ready") || time.Now().After(deadline) {
			t.Fatalf("unprepared: %+v %v", r.Authorization, err)
		}
	}
	h.authorize(bot, 4000)
	h.checkMeters()
}
