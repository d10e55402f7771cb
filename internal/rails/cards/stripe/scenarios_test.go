package stripe_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/cardtest"
	"github.com/getpurser/purser/internal/spend"
)

// player plays a scenario with Stripe as the network.
type player struct {
	*world
	card  cards.Card
	of    map[string]uuid.UUID // the authorization of each swipe
	began int64
}

// TestScenariosByWebhook plays every story of the rail, each event a signed
// webhook of another process.
func TestScenariosByWebhook(t *testing.T) {
	t.Parallel()
	for _, s := range cardtest.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			p := newPlayer(t, s)
			for _, step := range s.Steps {
				at := string(step.Do) + " " + step.ID
				if got := p.do(step); got != step.Code {
					t.Errorf("%s: %s, want %s", at, got, step.Code)
				}
				p.stands(at, step.Want)
			}
		})
	}
}

func newPlayer(t *testing.T, s cardtest.Scenario) *player {
	w := newWorld(t)
	w.policy(cardtest.Rules)
	w.write(func(ctx context.Context, tx pgx.Tx) error { return ledger.OpenSandbox(ctx, tx, w.tenant) })
	p := &player{world: w, of: map[string]uuid.UUID{}, began: w.wallet()}
	d := cards.Draft{Amount: money.Of(s.Load, "eur"), SingleUse: s.SingleUse}
	if s.Controls != "" {
		var err error
		d.Controls, err = cards.ParseControls([]byte(s.Controls), "eur")
		w.must(err)
	}
	var err error
	p.card, _, err = w.create(d)
	w.must(err)
	return p
}

// do plays a step. Stripe refuses what a network would not do, and tells the
// rest: then nothing may have changed, and everything was taken, which is the
// code that the step wants.
func (p *player) do(s cardtest.Step) string {
	if !s.Do.ByNetwork() {
		return p.people(s)
	}
	d := deed{Do: string(s.Do), ID: s.ID, Of: s.Of, Card: p.card.ProviderRef, Minor: s.Minor, Final: s.Final, WrongCVV: s.WrongCVV, WrongExpiry: s.WrongExpiry}
	if s.At != (policy.Merchant{}) {
		d.Merchant = object{"name": s.At.Name, "category_code": s.At.MCC, "country": s.At.Country, "network_id": "9"}
	}
	out := p.play(d)
	switch {
	case out.Refused != "":
		return s.Code
	case out.Status != 200:
		p.t.Errorf("%s %s: the webhook was answered %d", s.Do, s.ID, out.Status)
	case s.Do == cardtest.Swipe:
		if x, err := p.cards.Find(context.Background(), p.tenant, p.card.ID, p.ref(s.ID)); err == nil {
			p.of[s.ID] = x.Authorization
		}
		return out.Code
	}
	return "ok"
}

// ref is Stripe's id of a swipe.
func (p *player) ref(id string) string {
	ref, _ := p.look().Auths[id]["id"].(string)
	return ref
}

// people do what the network does not.
func (p *player) people(s cardtest.Step) string {
	var err error
	move := func(f func(context.Context, pgx.Tx, ident.Tenant, cards.Actor, uuid.UUID) (cards.Card, error)) error {
		return p.pool.InTx(context.Background(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := f(ctx, tx, p.tenant, p.by, p.card.ID)
			return err
		})
	}
	switch s.Do {
	case cardtest.Approve, cardtest.Deny:
		err = p.decide(p.of[s.Of], s.Do == cardtest.Approve)
	case cardtest.Freeze:
		err = move(p.cards.Freeze)
	case cardtest.Unfreeze:
		err = move(p.cards.Unfreeze)
	case cardtest.Cancel:
		err = move(p.cards.Cancel)
	}
	if err != nil {
		return fault.From(err).Code
	}
	return "ok"
}

func (w *world) decide(id uuid.UUID, approve bool) error {
	call := spend.Call{Tenant: w.tenant, Actor: w.by}
	found, err := w.gate.Get(context.Background(), call, id, 0)
	if err != nil {
		return err
	}
	v := spend.Ballot{Approval: found.Approval.ID, Voter: spend.Voter{Person: w.person, Member: w.member}, Verdict: spend.Against}
	if approve {
		v.Verdict = spend.ForApproval
	}
	_, err = w.gate.Cast(context.Background(), call, v)
	return err
}

// stands compares the books with what a step must have come to.
func (p *player) stands(at string, want cardtest.Want) {
	p.t.Helper()
	c, status := p.get(p.card.ID), cards.Active
	if want.Status != "" {
		status = cards.Status(want.Status)
	}
	if c.Balance != want.Balance || c.Held != want.Held || c.Status != status {
		p.t.Errorf("%s: the card is %s with %d and %d held, want %s, %d, %d", at, c.Status, c.Balance, c.Held, status, want.Balance, want.Held)
	}
	if got := p.began - p.wallet(); got != want.Wallet {
		p.t.Errorf("%s: the wallet gave %d, want %d", at, got, want.Wallet)
	}
	budget, err := p.gate.Budget(context.Background(), p.tenant, p.agent, "")
	p.must(err)
	if l := budget[0].Limits[0]; l.Spent != want.Spent || l.Reserved != want.Reserved {
		p.t.Errorf("%s: the limit has %d spent and %d reserved, want %d, %d", at, l.Spent, l.Reserved, want.Spent, want.Reserved)
	}
	if strings.Contains(p.logs.String(), "level=ERROR") {
		p.t.Errorf("%s: %s", at, p.logs)
	}
}
