package messages_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/spend"
)

const heldAbove100 = `[{"type":"approval_threshold","amount":100,"currency":"usd"}]`

// TestEveryHoldIsToldOnce with two servers at it: one message for each request
// and recipient, in test mode with its mark, and none to who wants none.
func TestEveryHoldIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.rules(heldAbove100)
	for i := range 20 {
		w.ask(20_000, fmt.Sprint("AWS ", i))
	}
	w.until("twenty mails", func() bool { return w.mail.count(ownerAddress, "[Test] buyer asks to spend 200.00 USD to AWS") == 20 })
	w.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := w.service.Choose(ctx, tx, w.tenant, w.by(), w.owner.ID, company.Owner, map[messages.Kind]bool{messages.Hold: false})
		return err
	})
	w.ask(30_000, "AWS")
	w.until("the outbox is read", func() bool {
		return w.count("SELECT count(*) FROM audit_heads WHERE company_id = $1 AND live = $2 AND routed < size") == 0 &&
			w.count("SELECT count(*) FROM audit_pending WHERE company_id = $1 AND live = $2") == 0
	})
	if n := w.count("SELECT count(*) FROM messages WHERE company_id = $1 AND live = $2 AND kind = 'hold'"); n != 20 || w.mail.count("", "asks to spend") != 20 {
		t.Errorf("%d messages of 20, %d mails", n, w.mail.count("", "asks to spend"))
	}
}

// TestRetriesAreToldOnce: an agent that asks again and again while people think
// fills no mailbox; once it was decided, the next request is told again.
func TestRetriesAreToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.rules(heldAbove100)
	var all []spend.Result
	for range 10 {
		all = append(all, w.ask(20_000, "AWS"))
	}
	states := func(state string) int {
		return w.count("SELECT count(*) FROM messages WHERE company_id = $1 AND live = $2 AND kind = 'hold' AND state = '" + state + "'")
	}
	w.until("all are known", func() bool { return states("sent") == 1 && states("joined") == 9 })
	for _, a := range all {
		_, err := w.gate.Void(t.Context(), spend.Call{Tenant: w.tenant, Actor: audit.System()}, a.Authorization.ID, "")
		w.must(err)
	}
	w.ask(20_000, "AWS")
	w.until("the next is told", func() bool { return states("sent") == 2 && w.mail.count(ownerAddress, "asks to spend") == 2 })
}

// TestFailuresAreShown: a transport that fails leaves a word and a count, and no
// address, where administrators look; the mail arrives when it works again.
func TestFailuresAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.rules(heldAbove100)
	w.mail.failing(errAway)
	w.ask(20_000, "AWS")
	var state messages.State
	w.until("the failure is seen", func() bool {
		var err error
		state, err = w.service.State(t.Context(), w.tenant)
		w.must(err)
		return state.Again == 1
	})
	if u := state.Troubled[0]; u.Kind != messages.Hold || u.Trouble != "failed" || u.Attempts < 1 || u.GivenUp {
		t.Errorf("%+v", u)
	}
	if n := w.count("SELECT count(*) FROM river.river_job WHERE $1::uuid IS NOT NULL AND $2::boolean IS NOT NULL AND row_to_json(river_job)::text LIKE '%bob@example%'"); n != 0 {
		t.Error("the queue tells what the server said")
	}
	w.mail.failing(nil)
	w.arrives(ownerAddress, "asks to spend 200.00 USD")
	w.until("nothing waits", func() bool {
		s, err := w.service.State(t.Context(), w.tenant)
		w.must(err)
		return s.Again+s.Fresh+s.Failed == 0
	})
}

// TestDecidedMeanwhile: what waited for its mail and was decided is not asked
// any more, and its end is not told to who never heard of it.
func TestDecidedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.rules(heldAbove100)
	w.mail.failing(errAway)
	r := w.ask(20_000, "AWS")
	w.until("an attempt failed", func() bool {
		s, err := w.service.State(t.Context(), w.tenant)
		w.must(err)
		return s.Again == 1
	})
	_, err := w.gate.Cast(t.Context(), spend.Call{Tenant: w.tenant, Actor: w.by()}, spend.Ballot{Approval: r.Approval.ID,
		Voter: spend.Voter{Person: *w.owner.Person, Member: w.owner.ID}, Verdict: spend.Against})
	w.must(err)
	w.mail.failing(nil)
	w.until("it is dropped", func() bool {
		return w.count("SELECT count(*) FROM messages WHERE company_id = $1 AND live = $2 AND kind = 'hold' AND state = 'dropped'") == 1
	})
	if n := w.mail.count("", ""); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// TestLimits: 80 and 100 percent are told once in a window, for each scope, and
// again in the next window.
func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.rules(`[{"type":"limit","period":"day","amount":1000,"currency":"usd"}]`)
	w.ask(79_999, "AWS")
	time.Sleep(4 * time.Second) // the look has passed
	if n := w.mail.count("", "has used"); n != 0 {
		t.Fatalf("%d mails below 80 %%", n)
	}
	w.ask(1, "AWS")
	w.arrives(ownerAddress, "buyer has used 80 % of 1,000.00 USD a day")
	w.ask(100, "AWS")
	w.ask(19_900, "AWS")
	w.arrives(ownerAddress, "buyer has used all of 1,000.00 USD a day")
	time.Sleep(4 * time.Second)
	if n := w.mail.count("", "has used"); n != 2 {
		t.Errorf("%d mails of one window", n)
	}
	// Another day: what was told then does not count for this one.
	_, err := w.pool.Exec(t.Context(), "UPDATE limit_notices SET window_from = window_from - interval '1 day' WHERE company_id = $1", w.tenant.Company)
	w.must(err)
	_, err = w.pool.Exec(t.Context(), "UPDATE messages SET about = about || ' then' WHERE company_id = $1 AND kind = 'limit'", w.tenant.Company)
	w.must(err)
	w.ask(100, "AWS") // denied, and something happened all the same
	w.until("told in the next window", func() bool { return w.mail.count("", "has used all") == 2 })
	if n := w.mail.count("", "has used 80"); n != 1 {
		t.Errorf("%d mails of 80 %%, all used", n)
	}
}

// TestKeys: making and revoking a key is told in live mode, by its name.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	p := access.Principal{Kind: access.BySession, Tenant: w.tenant, ModeStated: true, Person: *w.owner.Person, Member: w.owner.ID, Role: company.Owner,
		Scopes: []access.Scope{access.ScopeAdmin, access.ScopeRead, access.ScopeSpend}}
	var made access.Key
	w.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
		made, _, err = w.access.CreateKey(ctx, tx, p, "req", access.NewKey{Name: "ci\u0430", Scopes: []string{"read"}})
		return err
	})
	w.arrives(ownerAddress, "The API key ci\u0430[U+0430 CYRILLIC SMALL LETTER A] was made")
	w.inTx(func(ctx context.Context, tx pgx.Tx) error { return w.access.RevokeKey(ctx, tx, p, "req", made.ID) })
	w.arrives(ownerAddress, "was revoked")
	for _, m := range w.mail.box {
		if !strings.Contains(m.Text, "owner@example.com (mem_") {
			t.Errorf("who did it is not in\n%s", m.Text)
		}
	}
}

// TestChoices: a role is asked about its own kinds alone.
func TestChoices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	choose := func(r company.Role, changes map[messages.Kind]bool) ([]messages.Choice, error) {
		var out []messages.Choice
		err := w.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
			out, err = w.service.Choose(ctx, tx, w.tenant, w.by(), w.owner.ID, r, changes)
			return err
		})
		return out, err
	}
	for k, r := range map[messages.Kind]company.Role{messages.Escalation: company.Approver, messages.Hold: company.Viewer, "x": company.Owner} {
		if _, err := choose(r, map[messages.Kind]bool{k: true}); !fault.Is(err, "message_kind_unknown") {
			t.Errorf("%s as %s: %v", k, r, err)
		}
	}
	got, err := choose(company.Owner, map[messages.Kind]bool{messages.Weekly: true, messages.Hold: false})
	w.must(err)
	on := map[messages.Kind]bool{}
	for _, c := range got {
		on[c.Kind] = c.On
	}
	if len(got) != 7 || on[messages.Hold] || !on[messages.Weekly] || on[messages.Key] || !on[messages.Reminder] {
		t.Errorf("%v", got)
	}
	live, err := w.service.Choices(t.Context(), ident.Tenant{Company: w.tenant.Company, Live: true}, w.owner.ID, company.Owner)
	w.must(err)
	for _, c := range live {
		if !c.On {
			t.Errorf("live mode follows test mode: %v", live)
		}
	}
}

// TestLettersOfSigningInAreSealed: what waits in the database shows neither the
// link nor the address, and is delivered when the mail server is back.
func TestLettersOfSigningInAreSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.mail.failing(errAway)
	w.must(w.post.SignInLink(t.Context(), "canary@example.com", "http://localhost/sign-in/verify?token=canary", time.Minute))
	if n := w.count("SELECT count(*) FROM river.river_job WHERE kind = 'sealed_letter' AND $1::uuid IS NOT NULL AND $2::boolean IS NOT NULL"); n != 1 {
		t.Fatalf("%d letters wait", n)
	}
	if n := w.count("SELECT count(*) FROM river.river_job WHERE $1::uuid IS NOT NULL AND $2::boolean IS NOT NULL AND (row_to_json(river_job)::text LIKE '%canary%' OR args::text LIKE '%Y2FuYXJ5%')"); n != 0 {
		t.Error("the letter can be read")
	}
	w.mail.failing(nil)
	w.arrives("canary@example.com", "sign-in link")
}

// TestInvitationsAreMailedOrUndone with what they tell of: no mail tells of one
// that was rolled back, and a mail server that is away loses none.
func TestInvitationsAreMailedOrUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	posting, err := access.Open(t.Context(), w.pool, w.companies, w.keys, access.Config{BaseURL: "http://localhost", Mailer: w.post, Logger: w.log})
	w.must(err)
	undone := errors.New("undone")
	invite := func(email string, end error) error {
		return w.pool.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := posting.Invite(ctx, tx, w.tenant, w.by(), company.Owner, email, company.Viewer)
			return errors.Join(err, end)
		})
	}
	w.mail.failing(errAway)
	if err := invite("nobody@example.com", undone); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	w.must(invite("ada@example.com", nil))
	if n := w.count("SELECT count(*) FROM river.river_job WHERE kind = 'sealed_letter' AND $1::uuid IS NOT NULL AND $2::boolean IS NOT NULL"); n != 1 {
		t.Errorf("%d letters wait", n)
	}
	w.mail.failing(nil)
	w.arrives("ada@example.com", "Acme invites you")
}

// TestWeekAddsUp: the numbers of the week's mail are those of the list of its
// requests, and it is told once.
func TestWeekAddsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.rules(heldAbove100)
	for range 3 {
		r := w.ask(1_050, "AWS")
		_, err := w.gate.Confirm(t.Context(), spend.Call{Tenant: w.tenant, Actor: w.by()}, r.Authorization.ID, nil, "")
		w.must(err)
	}
	w.ask(20_000, "AWS") // held
	w.ask(2_000, "AWS")  // pending
	next := time.Now().Add(7 * 24 * time.Hour)
	for range 2 {
		w.must(w.service.TellWeek(t.Context(), w.tenant, next, time.UTC))
	}
	w.arrives(ownerAddress, "The week of Acme")
	sums, err := w.gate.Sums(t.Context(), w.tenant, spend.Search{})
	w.must(err)
	listed := map[spend.Status]int64{}
	for _, s := range sums {
		listed[s.Status] += s.Amount
	}
	if listed[spend.Confirmed] != 3_150 || listed[spend.Held]+listed[spend.Pending] != 22_000 {
		t.Fatalf("the list says %v", listed)
	}
	w.mail.mu.Lock()
	defer w.mail.mu.Unlock()
	told := 0
	for _, m := range w.mail.box {
		if !strings.HasPrefix(m.Subject, "The week of") {
			continue
		}
		told++
		for _, want := range []string{"buyer: 31.50 USD spent in 3 requests, 220.00 USD reserved in 2 requests", "Denied: 0 requests",
			"Waiting for a decision now: 200.00 USD in 1 request", "/authorizations?from="} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("%q is not in\n%s", want, m.Text)
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
