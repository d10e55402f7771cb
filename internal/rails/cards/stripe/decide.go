package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	sdk "github.com/stripe/stripe-go/v85"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/rails/cards"
)

// Decision is the answer to one swipe. Code is ok or why not; Authorization is
// empty where the gate was not asked.
type Decision struct {
	Approved            bool
	Code, Authorization string
}

// decision is the answer that Stripe reads.
func decision(d Decision) Answer {
	metadata := map[string]string{"purser_code": d.Code}
	if d.Authorization != "" {
		metadata["purser_authorization"] = d.Authorization
	}
	body, err := json.Marshal(struct {
		Approved bool              `json:"approved"`
		Metadata map[string]string `json:"metadata"`
	}{d.Approved, metadata})
	if err != nil {
		body = []byte(`{"approved":false}`)
	}
	return Answer{Status: http.StatusOK, Version: sdk.APIVersion, Body: body}
}

// declined is a decision that the gate was not asked for.
func declined(code string) Decision { return Decision{Code: code} }

// settling is how long a decision that came too late for its answer may go on.
const settling = 30 * time.Second

// decide asks the gate for one swipe. What is not decided when ctx ends is
// declined, and what the gate may still approve after that is given back.
func (s *Service) decide(ctx context.Context, c Connection, e sdk.Event) Decision {
	a, err := object[sdk.IssuingAuthorization](e)
	if err != nil || a.PendingRequest == nil || a.Card == nil || a.ID == "" {
		return declined("malformed_request")
	}
	detached := context.WithoutCancel(ctx)
	out := make(chan Decision, 1)
	go func() {
		working, cancel := context.WithTimeout(detached, settling)
		defer cancel()
		out <- s.ask(working, c, a, func() bool { return ctx.Err() != nil })
	}()
	select {
	case d := <-out:
		return d
	case <-ctx.Done():
		s.log.Warn("a swipe is declined, as its decision took too long", "authorization", a.ID)
		return declined("decision_timeout")
	}
}

// ask decides a swipe; late says whether somebody still waits for the answer.
func (s *Service) ask(ctx context.Context, c Connection, a sdk.IssuingAuthorization, late func() bool) Decision {
	t := c.Tenant
	id, err := s.cards.ByRef(ctx, t, Name, a.Card.ID)
	if err != nil {
		return s.failed(a, err)
	}
	if code := checks(a.VerificationData); code != "" {
		return declined(code)
	}
	if a.PendingRequest.Amount == 0 {
		return s.look(ctx, t, id, a)
	}
	swipe := swipeOf(a)
	v, err := s.cards.Authorize(ctx, t, id, swipe)
	if err != nil {
		return s.failed(a, err)
	}
	d := Decision{Approved: v.Approved, Code: v.Code}
	if v.Authorization != nil {
		d.Authorization = ident.Format(ident.Authorization, v.Authorization.ID)
	}
	// Nobody hears of an approval that comes late, and one whose outcome is not
	// known may be committed yet: what comes of it is given back.
	if late() || v.Code == cards.CodeSystem {
		if err := s.end(ctx, t, id, swipe.NetworkID, endDeclined); err != nil {
			s.log.Error("what came too late is not noted", "authorization", a.ID, "error", err)
		}
	}
	if !v.Approved {
		return d
	}
	over, err := s.ended(ctx, t, a.ID, swipe.NetworkID)
	if err != nil {
		return s.failed(a, err)
	}
	if over == "" || v.Again && over != endDeclined {
		return d
	}
	if err := s.giveBack(ctx, t, id, swipe.NetworkID); err != nil {
		s.log.Error("what was approved too late is not given back yet", "authorization", a.ID, "error", err)
	}
	return declined("authorization_over")
}

// look answers a merchant who only asks whether the card is one: no money is
// meant, so the gate has nothing to decide.
func (s *Service) look(ctx context.Context, t ident.Tenant, id uuid.UUID, a sdk.IssuingAuthorization) Decision {
	card, err := s.cards.Get(ctx, t, id)
	switch {
	case err != nil:
		return s.failed(a, err)
	case card.Status != cards.Active:
		return declined("card_" + string(card.Status))
	}
	return Decision{Approved: true, Code: "ok"}
}

// failed declines a swipe that could not be decided.
func (s *Service) failed(a sdk.IssuingAuthorization, err error) Decision {
	f := fault.From(err)
	if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
		s.log.Error("a swipe is declined, as it could not be decided", "authorization", a.ID, "error", err)
	}
	if f.Kind == fault.NotFound {
		return declined("unknown_card")
	}
	return declined(f.Code)
}

// checks is why Stripe's own look at what the merchant typed declines.
func checks(v *sdk.IssuingAuthorizationVerificationData) string {
	switch {
	case v == nil:
		return ""
	case v.CVCCheck == sdk.IssuingAuthorizationVerificationDataCheckMismatch:
		return "wrong_cvv"
	case v.ExpiryCheck == sdk.IssuingAuthorizationVerificationDataCheckMismatch:
		return "wrong_expiry"
	}
	return ""
}

// requestID names the nth request of an authorization, from 1: a merchant may
// ask for more on one that was approved.
func requestID(ref string, n int) string {
	if n <= 1 {
		return ref
	}
	return ref + "#" + strconv.Itoa(n)
}

func swipeOf(a sdk.IssuingAuthorization) cards.Swipe {
	return cards.Swipe{NetworkID: requestID(a.ID, len(a.RequestHistory)+1),
		Amount:   money.Of(a.PendingRequest.Amount, money.Currency(a.PendingRequest.Currency)),
		Merchant: merchantOf(a.MerchantData), Metadata: map[string]string{"stripe_authorization": a.ID}}
}

var (
	fourDigits = regexp.MustCompile(`^[0-9]{4}$`)
	twoLetters = regexp.MustCompile(`^[A-Z]{2}$`)
)

// longestName bounds a merchant's name, in characters.
const longestName = 200

// merchantOf takes what of a merchant can be compared, and leaves out what is
// not in the shape that it should have.
func merchantOf(m *sdk.IssuingAuthorizationMerchantData) policy.Merchant {
	if m == nil {
		return policy.Merchant{Name: "unknown merchant"}
	}
	out := policy.Merchant{Name: trimmed(m.Name)}
	if out.Name == "" {
		out.Name = "unknown merchant"
	}
	if r := []rune(out.Name); len(r) > longestName {
		out.Name = string(r[:longestName])
	}
	if fourDigits.MatchString(m.CategoryCode) {
		out.MCC = m.CategoryCode
	}
	if twoLetters.MatchString(m.Country) {
		out.Country = m.Country
	}
	if u, err := url.Parse(m.URL); err == nil {
		out.Domain = u.Hostname()
	}
	return out
}

// How an authorization ended at Stripe.
const (
	endDeclined = "declined"
	endReversed = "reversed"
	endExpired  = "expired"
	endClosed   = "closed"
)

// end notes that an authorization, or one request of it, is over at Stripe; the
// first note stays.
func (s *Service) end(ctx context.Context, t ident.Tenant, card uuid.UUID, ref, how string) error {
	return db.New(s.pool).IssuerEnd(ctx, db.IssuerEndParams{CompanyID: t.Company, Live: t.Live, Provider: Name, Ref: ref, CardID: card, How: how})
}

// ended is how an authorization, or one request of it, ended at Stripe; empty
// while it has not.
func (s *Service) ended(ctx context.Context, t ident.Tenant, refs ...string) (string, error) {
	how, err := db.New(s.pool).IssuerEnded(ctx, t.Company, t.Live, Name, refs)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return how, err
}
