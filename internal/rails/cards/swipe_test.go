package cards_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/rails/cards/cardtest"
	"github.com/getpurser/purser/internal/spend"
)

// player plays a scenario on the rail itself.
type player struct {
	*house
	card   cards.Card
	secret cards.Secret
	// of is the authorization of each event.
	of map[string]uuid.UUID
	// began is what the wallet had before the card.
	began int64
}

func newPlayer(t *testing.T, s cardtest.Scenario) *player {
	h := newHouse(t)
	h.policy(cardtest.Rules)
	h.card(100) // opens the books
	p := &player{house: h, of: map[string]uuid.UUID{}, began: h.wallet()}
	d := h.draft(s.Load)
	d.SingleUse = s.SingleUse
	if s.Controls != "" {
		var err error
		if d.Controls, err = cards.ParseControls([]byte(s.Controls), "eur"); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if p.card, p.secret, err = h.create(d); err != nil {
		t.Fatal(err)
	}
	return p
}

// do plays a step, and gives the code that it is answered with.
func (p *player) do(ctx context.Context, s cardtest.Step) string {
	posting := cards.NetworkPosting{NetworkID: s.ID, Authorization: p.of[s.Of], Amount: s.Minor, Final: s.Final}
	var x cards.Transaction
	var err error
	switch s.Do {
	case cardtest.Swipe:
		return p.swipe(ctx, s)
	case cardtest.Force:
		if x, err = p.cards.ForcePost(ctx, p.tenant, p.card.ID, p.question(s)); err == nil {
			p.of[s.ID] = x.Authorization
		}
	case cardtest.Capture:
		x, err = p.cards.Capture(ctx, p.tenant, p.card.ID, posting)
	case cardtest.Reverse:
		x, err = p.cards.Reverse(ctx, p.tenant, p.card.ID, posting)
	case cardtest.Refund:
		x, err = p.cards.Refund(ctx, p.tenant, p.card.ID, posting)
	case cardtest.Expire:
		x, err = p.cards.Expire(ctx, p.tenant, p.card.ID, posting)
	case cardtest.Dispute:
		x, err = p.cards.OpenDispute(ctx, p.tenant, p.card.ID, posting)
	case cardtest.DisputeWon, cardtest.DisputeLost:
		x, err = p.cards.CloseDispute(ctx, p.tenant, p.card.ID, posting, s.Do == cardtest.DisputeWon)
	default:
		return p.people(ctx, s)
	}
	if err != nil {
		return code(err)
	}
	return x.Code
}

func (p *player) question(s cardtest.Step) cards.Swipe {
	q := cards.Swipe{NetworkID: s.ID, Amount: eur(s.Minor), Merchant: s.At, ExpMonth: p.secret.ExpMonth, ExpYear: p.secret.ExpYear, CVV: p.secret.CVV}
	if q.Merchant == (policy.Merchant{}) {
		q.Merchant = cardtest.Shop
	}
	if s.WrongCVV {
		q.CVV = string('0'+(q.CVV[0]-'0'+1)%10) + q.CVV[1:]
	}
	if s.WrongExpiry {
		q.ExpYear++
	}
	return q
}

func (p *player) swipe(ctx context.Context, s cardtest.Step) string {
	v, err := p.cards.Authorize(ctx, p.tenant, p.card.ID, p.question(s))
	if err != nil {
		return code(err)
	}
	if v.Authorization != nil {
		p.of[s.ID] = v.Authorization.ID
	}
	if v.NetworkCode != cards.NetworkCode(v.Code) || v.Approved != (v.Code == "ok") || v.Reason == "" {
		p.t.Errorf("%+v", v)
	}
	return v.Code
}

// people do what the network does not.
func (p *player) people(ctx context.Context, s cardtest.Step) string {
	var err error
	switch s.Do {
	case cardtest.Approve, cardtest.Deny:
		err = p.decide(ctx, p.of[s.Of], s.Do == cardtest.Approve)
	case cardtest.Freeze:
		_, err = p.move(p.cards.Freeze, p.card.ID)
	case cardtest.Unfreeze:
		_, err = p.move(p.cards.Unfreeze, p.card.ID)
	case cardtest.Cancel:
		_, err = p.move(p.cards.Cancel, p.card.ID)
	}
	if err != nil {
		return code(err)
	}
	return "ok"
}

// decide has the owner decide a request.
func (h *house) decide(ctx context.Context, id uuid.UUID, approve bool) error {
	call := spend.Call{Tenant: h.tenant, Actor: h.by}
	found, err := h.gate.Get(ctx, call, id, 0)
	if err != nil {
		return err
	}
	if found.Approval == nil {
		return fault.New(fault.Conflict, "no_approval", "There is none.")
	}
	v := spend.Ballot{Approval: found.Approval.ID, Voter: spend.Voter{Person: h.person, Member: h.member}, Verdict: spend.Against}
	if approve {
		v.Verdict = spend.ForApproval
	}
	_, err = h.gate.Cast(ctx, call, v)
	return err
}

// stands compares everything with what a step must have come to.
func (p *player) stands(at string, w cardtest.Want) {
	p.t.Helper()
	c := p.get(p.card.ID)
	status := cards.Active
	if w.Status != "" {
		status = cards.Status(w.Status)
	}
	if c.Balance != w.Balance || c.Held != w.Held || c.Status != status {
		p.t.Errorf("%s: the card is %s with %d and %d held, want %s, %d, %d", at, c.Status, c.Balance, c.Held, status, w.Balance, w.Held)
	}
	if got := p.began - p.wallet(); got != w.Wallet {
		p.t.Errorf("%s: the wallet gave %d, want %d", at, got, w.Wallet)
	}
	budget, err := p.gate.Budget(p.t.Context(), p.tenant, p.agent, "")
	if err != nil {
		p.t.Fatal(err)
	}
	if l := budget[0].Limits[0]; l.Spent != w.Spent || l.Reserved != w.Reserved {
		p.t.Errorf("%s: the limit has %d spent and %d reserved, want %d, %d", at, l.Spent, l.Reserved, w.Spent, w.Reserved)
	}
	p.balanced()
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, s := range cardtest.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			p := newPlayer(t, s)
			for i, step := range s.Steps {
				at := string(step.Do) + " " + step.ID
				if got := p.do(t.Context(), step); got != step.Code {
					t.Errorf("step %d, %s: %s, want %s", i, at, got, step.Code)
				}
				p.stands(at, step.Want)
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}
