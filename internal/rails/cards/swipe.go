package cards

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// Rail is the rail of every authorization of a card.
const Rail = "card"

const (
	// swipePatience is what a network waits for an answer.
	swipePatience = 2 * time.Second
	// holdFor is how long an approved swipe may wait for its capture: the longest
	// that the gate allows, and what networks give.
	holdFor = 7 * 24 * time.Hour
	// maxNetworkID bounds the network's ids, in bytes.
	maxNetworkID = 200
	// swipeTries bounds how often a swipe is asked again when what it met changed
	// meanwhile.
	swipeTries = 4
)

// Swipe is a network's question whether a card may pay.
type Swipe struct {
	// NetworkID is the network's, unique for the card: the same again is answered
	// the same, and has no effect.
	NetworkID string
	Amount    money.Amount
	Merchant  policy.Merchant
	// ExpMonth, ExpYear and CVV are what the merchant was told; zero and empty:
	// nothing. A CVV is looked at for cards of the sandbox, whose codes are ours.
	ExpMonth, ExpYear int
	CVV               string
	Metadata          map[string]string
	// By is who plays the network; the zero Actor is the network itself.
	By Actor

	// until is when nobody waits for the answer any more, by this machine's clock.
	until time.Time
}

// Verdict is the answer.
type Verdict struct {
	Approved bool
	// Code is ok or why not, NetworkCode field 39 of ISO 8583, Reason a sentence.
	Code, NetworkCode, Reason string
	// Authorization is the gate's, nil where it was not asked.
	Authorization *spend.Authorization
	// Again says that this is the answer that an earlier swipe with the same
	// NetworkID got.
	Again bool
}

func declined(code, reason string) Verdict {
	return Verdict{Code: code, NetworkCode: NetworkCode(code), Reason: reason}
}

func actor(by Actor) Actor {
	if by == (Actor{}) {
		return audit.System()
	}
	return by
}

func (in *Swipe) check() error {
	var amount error
	if in.Amount.Minor <= 0 || in.Amount.Minor > in.Amount.Currency.MaxMinor() {
		amount = fault.BadField("amount", "out_of_range", "A swipe is for more than zero.")
	}
	metadata, meta := company.MergeMetadata(nil, in.Metadata)
	in.Metadata = metadata
	if in.Merchant.Name == "" {
		in.Merchant.Name = "Unknown merchant"
	}
	return joined(checkNetworkID(in.NetworkID), amount, meta)
}

func checkNetworkID(id string) error {
	_, err := company.Text("network_id", id, 1, maxNetworkID)
	return err
}

// Authorize decides a swipe: the card's state, its own rules, the policies, and
// then its balance, in the gate's one transaction. A decline is an answer and no
// error. It fails closed: what cannot be decided within 2 s, or whose outcome is
// not known, is declined with 96. Nothing is approved after that time; what was
// approved and is only not known yet is reversed by SweepOnce, unless the same
// NetworkID is asked again before and learns of it.
//
// Errors: not_found for the card, Invalid for a swipe that is none,
// network_id_conflict (409) for an id of something else.
func (s *Service) Authorize(ctx context.Context, t ident.Tenant, card uuid.UUID, in Swipe) (Verdict, error) {
	if err := in.check(); err != nil {
		return Verdict{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, swipePatience)
	defer cancel()
	in.until, _ = ctx.Deadline()
	v, err := s.authorize(ctx, t, card, in)
	switch f := fault.From(err); {
	case err == nil:
		return v, nil
	case fault.Is(err, "not_found") || f.Code == "network_id_conflict":
		return Verdict{}, err
	default:
		s.undecided.add(asked{t, card, in.NetworkID})
		s.config.Log.WarnContext(ctx, "a swipe could not be decided, and is declined", slog.String("card", card.String()), slog.Any("error", err))
		return declined(CodeSystem, undecidedReason), nil
	}
}

func (s *Service) authorize(ctx context.Context, t ident.Tenant, card uuid.UUID, in Swipe) (Verdict, error) {
	c, err := s.Get(ctx, t, card)
	if err != nil {
		return Verdict{}, err
	}
	if in.Amount.Currency != c.Currency {
		return declined(CodeCurrency, "The card is in "+c.Currency.Upper()), nil
	}
	for range swipeTries {
		var v Verdict
		if v, err = s.ask(ctx, c, in); err == nil {
			return v, nil
		}
		var found met
		if !errors.As(err, &found) {
			break
		}
		switch {
		case found.known:
			return s.again(ctx, c, in.NetworkID)
		case found.approved == uuid.Nil:
			v, err = s.waits(ctx, c, in, found.waiting)
		default:
			v, err = s.present(ctx, c, in, found.approved)
		}
		if err == nil || fault.From(err).Kind != fault.Conflict || fault.Is(err, "swipe_too_late") {
			return v, err
		}
	}
	return Verdict{}, err
}

// ask puts the swipe to the gate.
func (s *Service) ask(ctx context.Context, c Card, in Swipe) (Verdict, error) {
	b := s.backing(c, in, false)
	result, err := s.config.Gate.Authorize(ctx, call(c, in.By), spend.Request{Agent: c.Agent, Amount: in.Amount, Merchant: in.Merchant, Rail: Rail,
		Purpose: c.label(), Capture: spend.Explicit, ExpiresIn: holdFor, Metadata: tagged(in.Metadata, c), Backing: &b})
	if fault.Is(err, "not_found") {
		return declined(CodeAgentDeleted, "The card's agent is deleted"), nil
	}
	if err != nil {
		return Verdict{}, err
	}
	code, reason := outcome(result.Authorization)
	return Verdict{Approved: code == CodeOK, Code: code, NetworkCode: NetworkCode(code), Reason: reason, Authorization: result.Authorization}, nil
}

// outcome is what a decision of the gate means to a network.
func outcome(a *spend.Authorization) (code, reason string) {
	switch a.Status {
	case spend.Held:
		return CodeApprovalRequired, a.Reason
	case spend.Denied:
		return a.ReasonCode, a.Reason
	}
	return CodeOK, a.Reason
}

func call(c Card, by Actor) spend.Call { return spend.Call{Tenant: c.Tenant, Actor: actor(by)} }

// tagged names the card in the authorization's metadata.
func tagged(m map[string]string, c Card) map[string]string {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]string{}
	}
	out["card"] = c.PublicID()
	return out
}

// present asks for the money of a request that people have approved.
func (s *Service) present(ctx context.Context, c Card, in Swipe, id uuid.UUID) (Verdict, error) {
	result, refusal, err := s.config.Gate.Present(ctx, call(c, in.By), id, in.Amount.Minor, s.backing(c, in, true))
	var found met
	switch {
	case errors.As(err, &found):
		return s.again(ctx, c, in.NetworkID)
	case err != nil:
		return Verdict{}, err
	case refusal != nil:
		v := declined(refusal.Code, refusal.Reason)
		v.Authorization = result.Authorization
		return v, nil
	}
	return Verdict{Approved: true, Code: CodeOK, NetworkCode: NetworkCode(CodeOK), Reason: "Approved by people", Authorization: result.Authorization}, nil
}

// again is the answer that the network's id got before.
func (s *Service) again(ctx context.Context, c Card, networkID string) (Verdict, error) {
	x, err := s.Find(ctx, c.Tenant, c.ID, networkID)
	if err != nil {
		return Verdict{}, err
	}
	if x.Type != Authorized && x.Type != Declined {
		return Verdict{}, otherEvent()
	}
	v := Verdict{Approved: x.Type == Authorized, Code: x.Code, NetworkCode: x.NetworkCode, Reason: x.Reason, Again: true}
	result, err := s.config.Gate.Get(ctx, call(c, Actor{}), x.Authorization, 0)
	if err != nil {
		return Verdict{}, err
	}
	v.Authorization = result.Authorization
	back, err := s.wasTakenBack(ctx, c, x, result.Authorization)
	if back {
		v.Approved, v.Code, v.NetworkCode, v.Reason = false, CodeSystem, NetworkCode(CodeSystem), undecidedReason
	}
	s.undecided.forget(asked{c.Tenant, c.ID, networkID})
	return v, err
}

const undecidedReason = "The swipe could not be decided in time"

func otherEvent() error {
	return fault.New(fault.Conflict, "network_id_conflict", "Another event of this card has this network id.")
}

// label is what people who are asked about a swipe read: which card it is. It
// also keeps the swipes of two cards apart, which look the same otherwise.
func (c Card) label() string {
	if c.Name != "" {
		return "Card ending " + c.Last4 + ", " + c.Name
	}
	return "Card ending " + c.Last4
}
