package web

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/views"
)

// playable is the card that the address names, if its network can be played
// here: the sandbox's, which test mode alone has.
func (v *visit) playable() (views.CardRow, error) {
	c, err := v.theCard()
	if err == nil && !views.Playable(c.Card) {
		err = fault.New(fault.Conflict, "provider_not_connected", "Swipes of this card come from its network. Only cards of the sandbox, in test mode, can be swiped here.")
	}
	return c, err
}

// networkID is the form's, so that a form that is sent twice is one event.
func (v *visit) networkID() string {
	if id := v.typed("network_id"); id != "" {
		return id
	}
	return "page-" + ident.New().String()
}

// swipe plays a merchant's terminal.
func (v *visit) swipe() error {
	c, err := v.playable()
	if err != nil {
		return err
	}
	form := views.SwipeForm{Amount: v.typed("amount"), Merchant: v.typed("merchant"), MCC: v.typed("mcc"), Country: v.typed("country")}
	in := cards.Swipe{NetworkID: v.networkID(), By: v.actor(), Merchant: policy.Merchant{Name: form.Merchant, MCC: form.MCC, Country: form.Country}}
	if in.Merchant.Name == "" {
		err = fault.BadField("merchant", "required", "Who is paid?")
	} else {
		in.Amount, err = money.Parse(form.Amount, c.Currency)
	}
	if err == nil {
		return v.swiped(c, in)
	}
	if form.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.showCard(http.StatusUnprocessableEntity, views.CardPage{CardRow: c, Swipe: form})
}

// swipeAgain sends a swipe that waited for people once more.
func (v *visit) swipeAgain() error {
	c, err := v.playable()
	if err != nil {
		return err
	}
	id, ok := ident.Parse(ident.Authorization, v.typed("authorization"))
	if !ok {
		return fault.Missing("authorization")
	}
	was, err := v.web.spend.Get(v.ctx(), v.call(), id, 0)
	if err == nil && was.Authorization.Agent != c.Agent {
		err = fault.Missing("authorization")
	}
	if err != nil {
		return err
	}
	return v.swiped(c, cards.Swipe{NetworkID: v.networkID(), By: v.actor(), Amount: was.Authorization.Money(was.Authorization.Amount), Merchant: was.Authorization.Merchant})
}

// swiped asks, and says what was answered.
func (v *visit) swiped(c views.CardRow, in cards.Swipe) error {
	verdict, err := v.web.cards.Authorize(v.ctx(), v.tenant(), c.ID, in)
	if err != nil {
		return v.refusedByNetwork(c, err)
	}
	path := views.CardPath(c.Card)
	if verdict.Approved {
		return v.to(path, "Approved: "+in.Amount.String()+" at "+in.Merchant.Name+".")
	}
	v.flash(views.Flash{Kind: views.Failed, Text: "Declined, code " + verdict.NetworkCode + ": " + verdict.Reason + "."})
	return v.redirect(v.frame.At(path))
}

// postSwipe plays what the network does with a swipe later: a capture, a
// reversal, a refund.
func (v *visit) postSwipe() error {
	c, err := v.playable()
	if err != nil {
		return err
	}
	id, ok := ident.Parse(ident.Authorization, v.typed("authorization"))
	if !ok {
		return fault.Missing("authorization")
	}
	in := cards.NetworkPosting{NetworkID: v.networkID(), Authorization: id, By: v.actor()}
	if typed := v.typed("amount"); typed != "" {
		amount, err := money.Parse(typed, c.Currency)
		if err != nil {
			return v.refusedByNetwork(c, err)
		}
		in.Amount = amount.Minor
	}
	x, err := v.posting(v.typed("do"), c.ID, in)
	if err != nil {
		return v.refusedByNetwork(c, err)
	}
	return v.to(views.CardPath(c.Card), views.EntryName(x.Type)+": "+x.Amount.String()+" at "+x.Merchant+".")
}

func (v *visit) posting(do string, card uuid.UUID, in cards.NetworkPosting) (cards.Transaction, error) {
	switch do {
	case "capture":
		in.Final = true
		return v.web.cards.Capture(v.ctx(), v.tenant(), card, in)
	case "part":
		return v.web.cards.Capture(v.ctx(), v.tenant(), card, in)
	case "reverse":
		return v.web.cards.Reverse(v.ctx(), v.tenant(), card, in)
	case "refund":
		return v.web.cards.Refund(v.ctx(), v.tenant(), card, in)
	}
	return cards.Transaction{}, fault.BadField("do", "unknown_value", "A network captures, reverses or refunds.")
}

// refusedByNetwork comes back to the card with what stood against it.
func (v *visit) refusedByNetwork(c views.CardRow, err error) error {
	f := fault.From(err)
	if f.Kind != fault.Conflict && f.Kind != fault.Invalid {
		return err
	}
	text := f.Text
	if len(f.Fields) > 0 {
		text = f.Fields[0].Message
	}
	v.flash(views.Flash{Kind: views.Failed, Text: text})
	return v.redirect(v.frame.At(views.CardPath(c.Card)))
}
