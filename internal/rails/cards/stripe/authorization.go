package stripe

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards"
)

// authorization books what Stripe says of one: the transactions that it carries,
// requests that it declined itself, a part or all that was given back, and its
// end. Events come in any order, so each is read as a state and not as a step.
func (s *Service) authorization(ctx context.Context, c Connection, e sdk.Event, a sdk.IssuingAuthorization) error {
	if a.ID == "" || a.Card == nil {
		return unreadable(nil)
	}
	card, err := s.cards.ByRef(ctx, c.Tenant, Name, a.Card.ID)
	if none(err) {
		return nil // made there, not here
	}
	if err != nil {
		return err
	}
	for _, x := range a.Transactions {
		if x.Card == nil {
			x.Card = a.Card
		}
		x.Authorization = &sdk.IssuingAuthorization{ID: a.ID}
		if err := s.transaction(ctx, c.Tenant, *x); err != nil {
			return err
		}
	}
	if err := s.declines(ctx, c.Tenant, card, a); err != nil {
		return err
	}
	return s.progress(ctx, c.Tenant, card, e, a)
}

// declines gives back what we approved and Stripe declined: our answer came too
// late, or its own rules said no.
func (s *Service) declines(ctx context.Context, t ident.Tenant, card uuid.UUID, a sdk.IssuingAuthorization) error {
	requests := slices.Clone(a.RequestHistory)
	slices.SortStableFunc(requests, func(x, y *sdk.IssuingAuthorizationRequestHistory) int { return int(x.Created - y.Created) })
	if len(requests) == 0 && !a.Approved {
		requests = append(requests, &sdk.IssuingAuthorizationRequestHistory{})
	}
	for i, r := range requests {
		if r.Approved {
			continue
		}
		id := requestID(a.ID, i+1)
		if err := s.end(ctx, t, card, id, endDeclined); err != nil {
			return err
		}
		if err := s.giveBack(ctx, t, card, id); err != nil {
			return err
		}
	}
	return nil
}

// giveBack returns what is held for one request, if anything is.
func (s *Service) giveBack(ctx context.Context, t ident.Tenant, card uuid.UUID, request string) error {
	return s.release(ctx, t, card, request, returned(request), s.cards.Reverse)
}

// returned names what giveBack does to a request.
func returned(request string) string { return request + ":returned" }

type posting func(context.Context, ident.Tenant, uuid.UUID, cards.NetworkPosting) (cards.Transaction, error)

// release ends the hold of a request that was approved; one that was not has
// none, and one that is waiting for people goes on waiting.
func (s *Service) release(ctx context.Context, t ident.Tenant, card uuid.UUID, request, name string, how posting) error {
	x, err := s.cards.Find(ctx, t, card, request)
	if none(err) || err == nil && x.Type != cards.Authorized {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err = how(ctx, t, card, cards.NetworkPosting{NetworkID: name, Authorization: x.Authorization, Final: true}); settled(err) {
		return nil
	}
	return err
}

// progress books where an approved authorization has come to.
func (s *Service) progress(ctx context.Context, t ident.Tenant, card uuid.UUID, e sdk.Event, a sdk.IssuingAuthorization) error {
	how := s.cards.Reverse
	switch a.Status {
	case sdk.IssuingAuthorizationStatusPending:
		return s.reduced(ctx, t, card, e, a)
	case sdk.IssuingAuthorizationStatusExpired:
		how = s.cards.Expire
	case sdk.IssuingAuthorizationStatusReversed, sdk.IssuingAuthorizationStatusClosed:
	default:
		return nil // a state that is newer than this program
	}
	if err := s.end(ctx, t, card, a.ID, string(a.Status)); err != nil {
		return err
	}
	for n := 1; n <= max(len(a.RequestHistory), 1); n++ {
		id := requestID(a.ID, n)
		if err := s.release(ctx, t, card, id, id+":"+string(a.Status), how); err != nil {
			return err
		}
	}
	return nil
}

// reduced books a partial reversal: the amount of an open authorization went
// down, and not because of a capture.
func (s *Service) reduced(ctx context.Context, t ident.Tenant, card uuid.UUID, e sdk.Event, a sdk.IssuingAuthorization) error {
	before, ok := was(e, "amount")
	if _, captured := e.Data.PreviousAttributes["transactions"]; !ok || captured || before <= a.Amount {
		return nil
	}
	left := before - a.Amount
	for n := max(len(a.RequestHistory), 1); n >= 1 && left > 0; n-- {
		x, err := s.cards.Find(ctx, t, card, requestID(a.ID, n))
		if none(err) || err == nil && x.Type != cards.Authorized {
			continue
		}
		if err != nil {
			return err
		}
		part := min(left, x.Amount.Minor)
		_, err = s.cards.Reverse(ctx, t, card, cards.NetworkPosting{NetworkID: requestID(e.ID, n), Authorization: x.Authorization, Amount: part})
		if err != nil && !settled(err) {
			return err
		}
		left -= part
	}
	return nil
}

// was is what a number of the event's object was before it.
func was(e sdk.Event, name string) (int64, bool) {
	raw, err := json.Marshal(e.Data.PreviousAttributes[name])
	if err != nil {
		return 0, false
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return 0, false
	}
	v, err := n.Int64()
	return v, err == nil
}
