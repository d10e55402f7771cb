package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
)

// CardRef names a card.
type CardRef struct {
	ID string `path:"id" doc:"The card's id." example:"card_eur_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}

func (a *API) registerCards() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Cards"}}
	}
	create := tagged("createCard", http.MethodPost, "/v1/cards", "Create a card",
		"Virtual and prepaid: the amount moves from a wallet onto it. The number, its code and its expiry are in this answer and never again, but by a reveal.")
	create.DefaultStatus = http.StatusCreated
	handle(a, create, a.createCard)
	handle(a, tagged("listCards", http.MethodGet, "/v1/cards", "List cards", ""), a.listCards)
	handle(a, tagged("getCard", http.MethodGet, "/v1/cards/{id}", "Get a card", ""), a.getCard)
	change := tagged("updateCard", http.MethodPatch, "/v1/cards/{id}", "Change a card", "")
	remove := tagged("deleteCard", http.MethodDelete, "/v1/cards/{id}", "Cancel a card", "As /cancel does.")
	change.Errors, remove.Errors = []int{http.StatusConflict}, []int{http.StatusConflict}
	effect(a, change, a.updateCard)
	effect(a, remove, a.onCard(a.cards.Cancel))
	effect(a, tagged("freezeCard", http.MethodPost, "/v1/cards/{id}/freeze", "Freeze a card", "Every swipe is declined from now on. What is open may still be captured."), a.onCard(a.cards.Freeze))
	effect(a, tagged("unfreezeCard", http.MethodPost, "/v1/cards/{id}/unfreeze", "Unfreeze a card", ""), a.onCard(a.cards.Unfreeze))
	effect(a, tagged("cancelCard", http.MethodPost, "/v1/cards/{id}/cancel", "Cancel a card", "For good. What is left returns to the wallet; what open swipes hold returns when they end, unless it is captured."), a.onCard(a.cards.Cancel))
	effect(a, tagged("loadCard", http.MethodPost, "/v1/cards/{id}/load", "Load a card", "Moves more from the card's wallet onto it."), a.loadCard)
	handle(a, tagged("revealCard", http.MethodPost, "/v1/cards/{id}/reveal", "Reveal a card's number",
		"The number, its code and its expiry, for the given reason, which the audit log keeps. Needs admin, or a spend key that is bound to the card's agent. Limited to a few times a minute."), a.revealCard)
	handle(a, tagged("listCardTransactions", http.MethodGet, "/v1/cards/{id}/transactions", "List a card's transactions", ""), a.listCardTransactions)
	a.registerCardNetwork()
}

func (a *API) createCard(ctx context.Context, in *struct{ Body NewCard }) (*effected[ShownCard], error) {
	c, id := callOf(ctx), ident.New() // the same one when the transaction is run again: the provider makes one card
	return run(ctx, a, http.StatusCreated, func(ctx context.Context, tx pgx.Tx) (ShownCard, error) {
		agent, err := a.cardAgent(ctx, tx, in.Body.Agent)
		if err != nil {
			return ShownCard{}, err
		}
		draft, err := in.Body.check(agent)
		if err != nil {
			return ShownCard{}, err
		}
		draft.ID = id
		card, secret, err := a.cards.Create(ctx, tx, c.Tenant, c.actor(), draft)
		if err != nil {
			return ShownCard{}, err
		}
		return shownCard(card, secret)
	})
}

// cardAgent is whose card it is to be: as the body names it, or the call.
func (a *API) cardAgent(ctx context.Context, tx pgx.Tx, named string) (uuid.UUID, error) {
	c := callOf(ctx)
	if err := a.cards.Ready(ctx, tx, c.Tenant); err != nil {
		return uuid.Nil, err
	}
	switch {
	case named != "":
		g, err := a.companies.Agent(ctx, c.Tenant, named)
		if err == nil {
			err = c.sameAgent(g.ID, "body.agent")
		}
		return g.ID, err
	case c.agent != nil:
		return *c.agent, nil
	default:
		return uuid.Nil, fault.BadField("agent", "field_required", "Name the agent here, or in X-Agent-Id.")
	}
}

func (a *API) listCards(ctx context.Context, in *struct {
	Paging
	Agent    string `query:"agent" doc:"Only this agent's, by id or handle."`
	Status   string `query:"status" enum:"active,frozen,canceled" doc:"Only those that are so."`
	Currency string `query:"currency" maxLength:"3" doc:"ISO 4217, in any case."`
}) (*reply[List[Card]], error) {
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	f := cards.Filter{Agent: c.agent, Status: cards.Status(in.Status)}
	if in.Agent != "" {
		if f.Agent, err = a.agentFilter(ctx, in.Agent); err != nil {
			return nil, err
		}
	}
	if in.Currency != "" {
		if f.Currency, err = money.ParseCurrency(in.Currency); err != nil {
			return nil, err
		}
	}
	rows, err := a.cards.List(ctx, c.Tenant, f, cards.Page{Limit: in.Limit + 1, Before: before})
	if err != nil {
		return nil, err
	}
	views := make([]Card, len(rows))
	for i := range rows {
		if views[i], err = cardView(rows[i]); err != nil {
			return nil, err
		}
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(x cards.Card) uuid.UUID { return x.ID }), func(x cards.Card) Card {
		view, _ := cardView(x) // it was made above
		return view
	}), nil
}

func (a *API) getCard(ctx context.Context, in *CardRef) (*reply[Card], error) {
	card, err := a.cardOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view, err := cardView(card)
	return &reply[Card]{view}, err
}

// cardOf finds a card that the caller sees, and whose id says its currency.
func (a *API) cardOf(ctx context.Context, named string) (cards.Card, error) {
	c := callOf(ctx)
	id, currency, ok := ident.ParseCard(named)
	if !ok {
		return cards.Card{}, missing("card")
	}
	card, err := a.cards.Get(ctx, c.Tenant, id)
	if err == nil && (!c.sees(card.Agent) || string(card.Currency) != currency) {
		return cards.Card{}, missing("card")
	}
	return card, err
}

func (a *API) updateCard(ctx context.Context, tx pgx.Tx, in *struct {
	CardRef
	Body CardChange
}) (Card, error) {
	card, err := a.cardOf(ctx, in.ID)
	if err != nil {
		return Card{}, err
	}
	change, err := in.Body.check(card.Currency)
	if err != nil {
		return Card{}, err
	}
	c := callOf(ctx)
	if card, err = a.cards.Update(ctx, tx, c.Tenant, c.actor(), card.ID, change); err != nil {
		return Card{}, err
	}
	return cardView(card)
}

// onCard is an operation that does one thing with a card.
func (a *API) onCard(do func(context.Context, pgx.Tx, ident.Tenant, audit.Actor, uuid.UUID) (cards.Card, error)) func(context.Context, pgx.Tx, *CardRef) (Card, error) {
	return func(ctx context.Context, tx pgx.Tx, in *CardRef) (Card, error) {
		card, err := a.cardOf(ctx, in.ID)
		if err != nil {
			return Card{}, err
		}
		c := callOf(ctx)
		if card, err = do(ctx, tx, c.Tenant, c.actor(), card.ID); err != nil {
			return Card{}, err
		}
		return cardView(card)
	}
}

func (a *API) loadCard(ctx context.Context, tx pgx.Tx, in *struct {
	CardRef
	Body CardLoad
}) (Card, error) {
	card, err := a.cardOf(ctx, in.ID)
	if err != nil {
		return Card{}, err
	}
	amount, err := money.Parse(string(in.Body.Amount), card.Currency)
	if err != nil {
		return Card{}, err
	}
	c := callOf(ctx)
	if card, err = a.cards.Load(ctx, tx, c.Tenant, c.actor(), card.ID, amount); err != nil {
		return Card{}, err
	}
	return cardView(card)
}

func (a *API) revealCard(ctx context.Context, in *struct {
	CardRef
	Body CardReveal
}) (*effected[CardSecret], error) {
	return played(ctx, a, func(ctx context.Context) (CardSecret, error) {
		card, err := a.cardOf(ctx, in.ID)
		if err != nil {
			return CardSecret{}, err
		}
		c := callOf(ctx)
		if !c.CanAny(access.ScopeAdmin) && (c.Agent == nil || *c.Agent != card.Agent) {
			return CardSecret{}, fault.New(fault.Forbidden, "reveal_not_allowed", "A card's number is shown to admin, and to a spend key that is bound to the card's agent.")
		}
		card, secret, err := a.cards.Reveal(ctx, c.Tenant, c.actor(), card.ID, in.Body.Reason)
		return CardSecret{ID: card.PublicID(), Last4: card.Last4, CardNumber: numberView(secret)}, err
	})
}

func (a *API) listCardTransactions(ctx context.Context, in *struct {
	Paging
	CardRef
}) (*reply[List[CardTransaction]], error) {
	before, err := a.before(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	card, err := a.cardOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	rows, err := a.cards.Transactions(ctx, c.Tenant, card.ID, cards.Page{Limit: in.Limit + 1, Before: before})
	if err != nil {
		return nil, err
	}
	return pageOf(a, ctx, in.Paging, rows, idPosition(func(x cards.Transaction) uuid.UUID { return x.ID }), c.cardTransactionView), nil
}
