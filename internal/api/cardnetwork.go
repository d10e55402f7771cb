package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/spend"
)

// Swipe is what a card network asks.
type Swipe struct {
	Amount    money.Number      `json:"amount" example:"40" doc:"In major units."`
	Currency  string            `json:"currency,omitempty" minLength:"3" maxLength:"3" doc:"The card's without it."`
	Merchant  Merchant          `json:"merchant"`
	ExpMonth  int               `json:"exp_month,omitzero" minimum:"1" maximum:"12" doc:"As the merchant was told it; not looked at without it."`
	ExpYear   int               `json:"exp_year,omitzero" minimum:"2000" maximum:"2199"`
	CVV       string            `json:"cvv,omitempty" maxLength:"4" doc:"As the merchant was told it; not looked at without it."`
	NetworkID string            `json:"network_id,omitempty" minLength:"1" maxLength:"100" doc:"The network's id; the same one again gets the same answer. One is made without it."`
	Metadata  map[string]string `json:"metadata,omitempty" doc:"At most 50 keys."`
}

// SwipeAnswer is what the card network is told.
type SwipeAnswer struct {
	Approved      bool                 `json:"approved"`
	Code          string               `json:"code" example:"ok" doc:"ok, or why not: insufficient_funds, approval_required, card_frozen, limit_exceeded and so on."`
	NetworkCode   string               `json:"network_code" example:"00" doc:"ISO 8583, field 39."`
	Reason        string               `json:"reason"`
	Authorization maybe[Authorization] `json:"authorization" doc:"null where the swipe did not get as far as a decision."`
}

// Posting is what a card network says of an authorization.
type Posting struct {
	Authorization string       `json:"authorization" example:"auth_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Amount        money.Number `json:"amount,omitempty" example:"40" doc:"In major units; all of it without one."`
	NetworkID     string       `json:"network_id,omitempty" minLength:"1" maxLength:"100" doc:"The network's id; the same one again does nothing. One is made without it."`
}

// CapturePosting is a capture.
type CapturePosting struct {
	Posting
	Final bool `json:"final,omitzero" doc:"Whether no other capture follows, so that the rest of the hold is given back."`
}

// ExpiryPosting is the end of an authorization.
type ExpiryPosting struct {
	Authorization string `json:"authorization" example:"auth_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	NetworkID     string `json:"network_id,omitempty" minLength:"1" maxLength:"100" doc:"The network's id; the same one again does nothing. One is made without it."`
}

// DisputeEnd is how a dispute ended.
type DisputeEnd struct {
	Authorization string `json:"authorization" example:"auth_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Won           bool   `json:"won" doc:"Whether the money comes back."`
	NetworkID     string `json:"network_id,omitempty" minLength:"1" maxLength:"100" doc:"The network's id; the same one again does nothing. One is made without it."`
}

func (a *API) registerCardNetwork() {
	tagged := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodPost, Path: "/v1/sandbox/cards/{id}/" + path, Summary: summary,
			Description: description + " In test mode; in live mode it is refused with provider_not_connected.", Tags: []string{"Card sandbox"}}
	}
	handle(a, tagged("swipeCard", "authorize", "Swipe a card", "Asks as the card network does. A swipe that needs people is declined with approval_required; the same one is approved once they said yes."), a.swipe)
	handle(a, tagged("captureSwipe", "capture", "Capture a swipe", "Books what the merchant takes, in one part or several, also above what was approved."), a.capture)
	handle(a, tagged("reverseSwipe", "reverse", "Reverse a swipe", "Gives back what is held, or a part of it."), a.posts(a.cards.Reverse))
	handle(a, tagged("refundSwipe", "refund", "Refund a swipe", "Books what the merchant gives back of what it captured."), a.posts(a.cards.Refund))
	handle(a, tagged("expireSwipe", "expire", "Let a swipe run out", "Ends its hold as time would."), a.expire)
	handle(a, tagged("forcePost", "force-post", "Force a posting", "Books what nobody was asked for, past every limit."), a.forcePost)
	handle(a, tagged("openDispute", "dispute", "Open a dispute", "Of what was captured, or a part of it."), a.posts(a.cards.OpenDispute))
	handle(a, tagged("closeDispute", "dispute/close", "Close a dispute", "When it is won, the money comes back."), a.closeDispute)
}

// sandboxCard finds a card whose network is played here.
func (a *API) sandboxCard(ctx context.Context, named string) (cards.Card, error) {
	card, err := a.cardOf(ctx, named)
	if err == nil && (card.Tenant.Live || card.Provider != cards.SandboxName) {
		err = fault.New(fault.Conflict, "provider_not_connected", "The network of this card is not the sandbox: it is the provider's to play.")
	}
	return card, err
}

// networkID is the network's id of what is asked: the caller's, or one that a
// repeat with the same Idempotency-Key has again.
func (c *call) networkID(given string) string {
	switch {
	case given != "":
		return given
	case c.idempotencyKey != "":
		sum := sha256.Sum256([]byte(c.path + "\n" + c.idempotencyKey))
		return "once:" + hex.EncodeToString(sum[:16])
	default:
		return "sandbox:" + ident.New().String()
	}
}

// played does what the network asks, which commits by itself, and then keeps the
// answer under the Idempotency-Key. Should that fail, a repeat asks with the same
// network id and gets the same answer.
func played[B any](ctx context.Context, a *API, do func(context.Context) (B, error)) (*effected[B], error) {
	known, err := a.answered(ctx)
	if err != nil {
		return nil, err
	}
	var out B
	if !known {
		if out, err = do(ctx); err != nil {
			return nil, err
		}
	}
	return run(ctx, a, http.StatusOK, func(context.Context, pgx.Tx) (B, error) { return out, nil })
}

func (a *API) swipe(ctx context.Context, in *struct {
	CardRef
	Body Swipe
}) (*effected[SwipeAnswer], error) {
	return played(ctx, a, func(ctx context.Context) (SwipeAnswer, error) {
		card, s, err := a.readSwipe(ctx, in.ID, in.Body)
		if err != nil {
			return SwipeAnswer{}, err
		}
		v, err := a.cards.Authorize(ctx, card.Tenant, card.ID, s)
		if err != nil {
			return SwipeAnswer{}, err
		}
		out := SwipeAnswer{Approved: v.Approved, Code: v.Code, NetworkCode: v.NetworkCode, Reason: v.Reason}
		out.Authorization, err = a.swiped(ctx, v.Authorization)
		return out, err
	})
}

// swiped shows the authorization of a swipe, with what it waits for. It carries
// no token: the network holds the money already.
func (a *API) swiped(ctx context.Context, of *spend.Authorization) (maybe[Authorization], error) {
	if of == nil || of.ID == uuid.Nil {
		return maybe[Authorization]{}, nil
	}
	r, err := a.spend.Get(ctx, callOf(ctx).spendCall(), of.ID, 0)
	if err != nil {
		return maybe[Authorization]{}, err
	}
	r.Token = ""
	return some(authorizationView(r)), nil
}

func (a *API) readSwipe(ctx context.Context, named string, b Swipe) (card cards.Card, s cards.Swipe, err error) {
	if card, err = a.sandboxCard(ctx, named); err != nil {
		return card, s, err
	}
	currency := card.Currency
	if b.Currency != "" {
		if currency, err = money.ParseCurrency(b.Currency); err != nil {
			return card, s, err
		}
	}
	amount, amountErr := money.Parse(string(b.Amount), currency)
	merchant, merchantErr := b.Merchant.check()
	_, textErr := company.Text("network_id", b.NetworkID, 0, 100)
	return card, cards.Swipe{NetworkID: callOf(ctx).networkID(b.NetworkID), Amount: amount, Merchant: merchant, ExpMonth: b.ExpMonth, ExpYear: b.ExpYear,
		CVV: b.CVV, Metadata: b.Metadata, By: callOf(ctx).actor()}, joined(amountErr, merchantErr, textErr, checkMetadata(b.Metadata))
}

// readPosting reads what the network says of one of the card's authorizations.
func (a *API) readPosting(ctx context.Context, named string, b Posting) (card cards.Card, p cards.NetworkPosting, err error) {
	if card, err = a.sandboxCard(ctx, named); err != nil {
		return card, p, err
	}
	if p.Authorization, err = authorizationID(b.Authorization); err != nil {
		return card, p, err
	}
	if b.Amount != "" {
		amount, err := money.Parse(string(b.Amount), card.Currency)
		if err != nil {
			return card, p, err
		}
		p.Amount = amount.Minor
	}
	p.NetworkID, p.By = callOf(ctx).networkID(b.NetworkID), callOf(ctx).actor()
	_, err = company.Text("network_id", b.NetworkID, 0, 100)
	return card, p, err
}

// onSwipe is what the network says of one authorization.
type onSwipe struct {
	CardRef
	Body Posting
}

// bookFunc books a posting of a card's network.
type bookFunc = func(context.Context, ident.Tenant, uuid.UUID, cards.NetworkPosting) (cards.Transaction, error)

// posts is an operation that books one posting.
func (a *API) posts(book bookFunc) func(context.Context, *onSwipe) (*effected[CardTransaction], error) {
	return func(ctx context.Context, in *onSwipe) (*effected[CardTransaction], error) {
		return a.posted(ctx, in.ID, in.Body, book)
	}
}

// posted books what the network says, once.
func (a *API) posted(ctx context.Context, named string, b Posting, book bookFunc) (*effected[CardTransaction], error) {
	return played(ctx, a, func(ctx context.Context) (CardTransaction, error) {
		card, p, err := a.readPosting(ctx, named, b)
		if err != nil {
			return CardTransaction{}, err
		}
		x, err := book(ctx, card.Tenant, card.ID, p)
		return callOf(ctx).cardTransactionView(x), err
	})
}

func (a *API) capture(ctx context.Context, in *struct {
	CardRef
	Body CapturePosting
}) (*effected[CardTransaction], error) {
	return a.posted(ctx, in.ID, in.Body.Posting, func(ctx context.Context, t ident.Tenant, card uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error) {
		p.Final = in.Body.Final
		return a.cards.Capture(ctx, t, card, p)
	})
}

func (a *API) expire(ctx context.Context, in *struct {
	CardRef
	Body ExpiryPosting
}) (*effected[CardTransaction], error) {
	return a.posted(ctx, in.ID, Posting{Authorization: in.Body.Authorization, NetworkID: in.Body.NetworkID}, a.cards.Expire)
}

func (a *API) closeDispute(ctx context.Context, in *struct {
	CardRef
	Body DisputeEnd
}) (*effected[CardTransaction], error) {
	return a.posted(ctx, in.ID, Posting{Authorization: in.Body.Authorization, NetworkID: in.Body.NetworkID},
		func(ctx context.Context, t ident.Tenant, card uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error) {
			return a.cards.CloseDispute(ctx, t, card, p, in.Body.Won)
		})
}

func (a *API) forcePost(ctx context.Context, in *struct {
	CardRef
	Body Swipe
}) (*effected[CardTransaction], error) {
	return played(ctx, a, func(ctx context.Context) (CardTransaction, error) {
		card, s, err := a.readSwipe(ctx, in.ID, in.Body)
		if err != nil {
			return CardTransaction{}, err
		}
		x, err := a.cards.ForcePost(ctx, card.Tenant, card.ID, s)
		return callOf(ctx).cardTransactionView(x), err
	})
}
