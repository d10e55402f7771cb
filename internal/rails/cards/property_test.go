package cards_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/cardtest"
)

// chaos is a company whose cards everything happens to at once.
type chaos struct {
	*house
	agents []uuid.UUID
	mu     sync.Mutex
	made   []uuid.UUID // cards
	swipes []place
	// told are the events that got an answer, to be sent again.
	told []deed
}

// place is a card, and a swipe of it.
type place struct {
	card, authorization uuid.UUID
	minor               int64
	merchant            policy.Merchant
}

// deed is one event. Where it happens is settled when its turn comes, from what
// there is by then: an event that is sent again happens in the same place.
type deed struct {
	do       string
	id       string
	pick     int
	minor    int64
	final    bool
	merchant policy.Merchant
	at       place
}

func drawDeeds(r *rapid.T, label string) []deed {
	return rapid.SliceOfN(rapid.Custom(func(r *rapid.T) deed {
		return deed{
			do: rapid.SampledFrom([]string{"swipe", "swipe", "swipe", "again", "again", "capture", "capture", "capture", "reverse", "reverse", "refund", "refund",
				"expire", "force", "dispute", "dispute", "won", "lost", "approve", "approve", "deny", "freeze", "unfreeze", "unfreeze", "cancel", "load", "create", "time", "sweep"}).Draw(r, "do"),
			pick:  rapid.IntRange(0, 99).Draw(r, "pick"),
			minor: rapid.SampledFrom([]int64{0, 0, 1, 700, 700, 2500, 15001}).Draw(r, "minor"), final: rapid.Bool().Draw(r, "final"),
			merchant: rapid.SampledFrom([]policy.Merchant{cardtest.Shop, cardtest.Diner, {Name: "Casino"}}).Draw(r, "merchant")}
	}), 3, 14).Draw(r, label)
}

// TestEverythingAddsUp plays random events on cards of two agents, from three
// places at once, and in half of the rounds connections to the database are cut
// meanwhile. Whatever happened, the books, the budgets, the cards and the
// authorizations agree, and what is sent again changes nothing.
func TestEverythingAddsUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(cardtest.Rules)
	rounds := 0
	rapid.Check(t, func(r *rapid.T) {
		rounds++
		c := &chaos{house: h, agents: []uuid.UUID{h.newAgent(fmt.Sprint("a", rounds)), h.newAgent(fmt.Sprint("b", rounds))}}
		h.write(func(ctx context.Context, tx pgx.Tx) error {
			_, err := ledger.TopUp(ctx, tx, h.tenant, h.by, fmt.Sprint("round ", rounds), ledger.WalletOf(uuid.Nil, "eur"), 200_000)
			return err
		})
		for i := range 3 {
			c.act(context.Background(), deed{do: "create", pick: i, minor: 20000})
		}
		all := [][]deed{drawDeeds(r, "first"), drawDeeds(r, "second"), drawDeeds(r, "third")}
		cuts := max(0, rapid.IntRange(-3, 3).Draw(r, "cuts"))
		c.play(all, cuts)
		if wrong := c.wrong(r); len(wrong) > 0 {
			r.Fatalf("%q", wrong)
		}
		before := c.summary()
		for _, d := range c.told {
			c.act(context.Background(), d)
		}
		if after := c.summary(); after != before {
			r.Fatalf("what was sent again moved something:\n%s\n%s", before, after)
		}
	})
}

// play runs the deeds beside each other, and cuts connections meanwhile.
func (c *chaos) play(places [][]deed, cuts int) {
	var all sync.WaitGroup
	for i, place := range places {
		all.Go(func() {
			for j, d := range place {
				d.id = fmt.Sprint(i, ".", j)
				c.act(context.Background(), d)
			}
		})
	}
	for range cuts {
		time.Sleep(time.Duration(rand.IntN(25)) * time.Millisecond)
		c.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'server'`)
	}
	all.Wait()
	// What nobody waits for any more is over when the database is idle.
	for quiet := 0; cuts > 0 && quiet < 3; quiet++ {
		if c.count(`pg_stat_activity WHERE datname = current_database() AND application_name = 'server' AND state <> 'idle'`) > 0 {
			quiet = -1
		}
		time.Sleep(5 * time.Millisecond)
	}
	if cuts > 0 {
		c.pool.Reset() // so that the look at it all meets no dead connection
	}
}

// act does one thing. Being refused, and being lost with a connection, is part
// of it.
func (c *chaos) act(ctx context.Context, d deed) {
	if !c.find(&d) {
		return
	}
	posting := cards.NetworkPosting{NetworkID: d.id, Authorization: d.at.authorization, Amount: d.minor, Final: d.final}
	swipe := cards.Swipe{NetworkID: d.id, Amount: eur(d.minor), Merchant: d.merchant}
	t, id := c.tenant, d.at.card
	var x cards.Transaction
	var err error
	switch d.do {
	case "swipe", "again":
		v, err := c.cards.Authorize(ctx, t, id, swipe)
		if err == nil && v.Authorization != nil {
			c.answered(d, v.Authorization.ID, v.Code == "ok" || v.Code == "approval_required")
		}
		return
	case "force":
		x, err = c.cards.ForcePost(ctx, t, id, swipe)
	case "capture":
		x, err = c.cards.Capture(ctx, t, id, posting)
	case "reverse":
		x, err = c.cards.Reverse(ctx, t, id, posting)
	case "refund":
		x, err = c.cards.Refund(ctx, t, id, posting)
	case "expire":
		x, err = c.cards.Expire(ctx, t, id, posting)
	case "dispute":
		x, err = c.cards.OpenDispute(ctx, t, id, posting)
	case "won", "lost":
		x, err = c.cards.CloseDispute(ctx, t, id, posting, d.do == "won")
	default:
		c.people(ctx, d)
		return
	}
	if err == nil {
		c.answered(d, x.Authorization, d.do == "force")
	}
}

// find settles where a deed happens.
func (c *chaos) find(d *deed) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case d.do == "create" || d.do == "sweep" || d.at.card != uuid.Nil:
		return true
	case d.do == "again" && len(c.swipes) > 0:
		d.at = c.swipes[d.pick%len(c.swipes)]
		d.minor, d.merchant = d.at.minor, d.at.merchant
		return true
	case d.do == "swipe" || d.do == "force" || d.do == "freeze" || d.do == "unfreeze" || d.do == "cancel" || d.do == "load":
		d.at.card = c.made[d.pick%len(c.made)]
		d.minor = max(d.minor, 100)
		return true
	case len(c.swipes) == 0:
		return false
	}
	d.at = c.swipes[d.pick%len(c.swipes)]
	return true
}

func (c *chaos) answered(d deed, authorization uuid.UUID, open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, d)
	if open {
		c.swipes = append(c.swipes, place{d.at.card, authorization, d.minor, d.merchant})
	}
}

// people do what the network does not.
func (c *chaos) people(ctx context.Context, d deed) {
	switch d.do {
	case "approve", "deny":
		_ = c.decide(ctx, d.at.authorization, d.do == "approve")
	case "freeze":
		_, _ = c.move(c.cards.Freeze, d.at.card)
	case "unfreeze":
		_, _ = c.move(c.cards.Unfreeze, d.at.card)
	case "cancel":
		_, _ = c.move(c.cards.Cancel, d.at.card)
	case "load":
		_ = c.pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			_, err := c.cards.Load(ctx, tx, c.tenant, c.by, d.at.card, eur(d.minor))
			return err
		})
	case "create":
		in := cards.Draft{Agent: c.agents[d.pick%2], Amount: eur(d.minor), SingleUse: d.pick%3 == 0}
		if made, _, err := c.create(in); err == nil {
			c.mu.Lock()
			c.made = append(c.made, made.ID)
			c.mu.Unlock()
		}
	case "time":
		c.exec(`UPDATE authorizations SET expires_at = clock_timestamp() WHERE authorization_id = $1 AND status IN ('pending', 'held')`, d.at.authorization)
	case "sweep":
		_ = c.gate.SweepOnce(ctx)
		_ = c.cards.SweepOnce(ctx)
	}
}

// sums of a card's rows, by what they are compared with.
const moved = `coalesce((SELECT sum(CASE WHEN x.type IN ('capture', 'force_post') THEN x.amount WHEN x.type IN ('refund', 'dispute_won') THEN -x.amount ELSE 0 END)
	FROM card_transactions x WHERE `

// wrong is everything that does not add up.
func (c *chaos) wrong(r *rapid.T) []string {
	ctx := context.Background()
	if err := c.gate.SweepOnce(ctx); err != nil {
		r.Fatal(err)
	}
	if err := c.cards.SweepOnce(ctx); err != nil {
		r.Fatal(err)
	}
	out := c.problems()
	for what, sql := range map[string]string{
		"a card's clearing is not what its rows moved": `cards c WHERE coalesce((SELECT a.balance FROM ledger_accounts a WHERE a.kind = 'clearing' AND a.owner_id = c.card_id), 0)
			<> ` + moved + `x.card_id = c.card_id), 0)`,
		"an authorization has spent what no row says": `authorizations a WHERE CASE a.status WHEN 'confirmed' THEN a.amount ELSE coalesce(a.captured, 0) END - a.refunded
			<> ` + moved + `x.authorization_id = a.authorization_id), 0)`,
		"a hold is not what its authorization reserves": `authorizations a JOIN ledger_holds h ON h.hold_id = a.hold_id
			WHERE h.remaining <> CASE a.status WHEN 'pending' THEN a.amount - coalesce(a.captured, 0) ELSE 0 END`,
		"an approved swipe has no hold, or a hold no swipe": `authorizations a WHERE (a.hold_id IS NOT NULL)
			<> EXISTS (SELECT FROM card_transactions x WHERE x.authorization_id = a.authorization_id AND x.type = 'authorization' AND x.hold_id = a.hold_id)`,
		"a row of a movement and the ledger disagree": `(SELECT ledger_id AS id FROM card_transactions WHERE ledger_id IS NOT NULL) x
			FULL JOIN (SELECT transaction_id AS id FROM ledger_transactions WHERE key LIKE 'card:%') l USING (id) WHERE x IS NULL OR l IS NULL`,
		"a single-use card was used twice": `(SELECT x.card_id FROM card_transactions x JOIN cards c USING (company_id, live, card_id)
			WHERE c.single_use AND x.type = 'authorization' GROUP BY 1 HAVING count(*) > 1) twice`,
		"a canceled card keeps money": `cards c JOIN ledger_accounts a ON a.kind = 'card' AND a.owner_id = c.card_id WHERE c.status = 'canceled' AND a.balance > 0`,
		"people are asked twice for the same": `(SELECT x.card_id FROM card_transactions x JOIN authorizations a USING (company_id, live, authorization_id)
			WHERE x.code = 'approval_required' AND a.status = 'held' GROUP BY x.card_id, x.merchant_key, x.amount HAVING count(DISTINCT a.authorization_id) > 1) twice`,
		"the company's money is not what it began with": `(SELECT sum(balance) AS has FROM ledger_accounts
			WHERE currency = 'eur' AND kind IN ('wallet', 'card', 'hold', 'clearing', 'sandbox')) m WHERE m.has <> 0`,
	} {
		if n := c.count(sql); n > 0 {
			out = append(out, fmt.Sprint(n, " × ", what))
		}
	}
	return out
}

// summary is what is in the books and in the rows.
func (c *chaos) summary() (text string) {
	c.scan(&text, `SELECT (SELECT string_agg(kind || ' ' || owner_id || ' ' || balance, E'\n' ORDER BY account_id) FROM ledger_accounts WHERE balance <> 0)
		|| (SELECT count(*) FROM card_transactions) || ' rows, ' || (SELECT count(*) FROM authorizations) || ' authorizations, '
		|| (SELECT count(*) FROM ledger_transactions) || ' postings'`)
	return text
}
