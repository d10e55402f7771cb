package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/views"
)

func (w *Web) cardPages() []page {
	const get, post = http.MethodGet, http.MethodPost
	return []page{
		{get, "/cards", member, access.ScopeRead, (*visit).cards},
		{post, "/cards", member, access.ScopeAdmin, (*visit).createCard},
		{get, "/cards/new", member, access.ScopeAdmin, (*visit).newCard},
		{get, "/cards/:id", member, access.ScopeRead, (*visit).card},
		{get, "/cards/:id/edit", member, access.ScopeAdmin, (*visit).editCard},
		{post, "/cards/:id/edit", member, access.ScopeAdmin, (*visit).saveCard},
		{post, "/cards/:id/freeze", member, access.ScopeAdmin, (*visit).freezeCard},
		{post, "/cards/:id/unfreeze", member, access.ScopeAdmin, (*visit).unfreezeCard},
		{post, "/cards/:id/cancel", member, access.ScopeAdmin, (*visit).cancelCard},
		{post, "/cards/:id/load", member, access.ScopeAdmin, (*visit).loadCard},
		{get, "/cards/:id/reveal", member, access.ScopeAdmin, (*visit).askReveal},
		{post, "/cards/:id/reveal", member, access.ScopeAdmin, (*visit).reveal},
		{post, "/cards/:id/swipe", member, access.ScopeAdmin, (*visit).swipe},
		{post, "/cards/:id/swipe/again", member, access.ScopeAdmin, (*visit).swipeAgain},
		{post, "/cards/:id/post", member, access.ScopeAdmin, (*visit).postSwipe},
	}
}

// cards lists them, narrowed to an agent and a status.
func (v *visit) cards() error {
	list := views.CardList{Agent: v.filterText("agent"), Status: cards.Status(v.filterText("status"))}
	filter, err := v.cardFilter(&list)
	if err != nil {
		return err
	}
	before, err := v.olderCards()
	if err != nil {
		return err
	}
	if !list.Wrong.Any() {
		rows, err := v.web.cards.List(v.ctx(), v.tenant(), filter, cards.Page{Limit: pageRows + 1, Before: before})
		if err != nil {
			return err
		}
		if len(rows) > pageRows {
			rows = rows[:pageRows]
			list.Next = v.frame.With("/cards", "agent", list.Agent, "status", string(list.Status), "before", rows[pageRows-1].PublicID())
		}
		if list.Cards, err = v.cardRows(rows); err != nil {
			return err
		}
	}
	if list.Issuer, err = v.issuer(); err != nil {
		return err
	}
	status := http.StatusOK
	if list.Wrong.Any() {
		status = http.StatusUnprocessableEntity
	}
	return v.show(status, views.Cards(v.titled("Cards"), list))
}

func (v *visit) cardFilter(list *views.CardList) (f cards.Filter, err error) {
	f.Status = list.Status
	if f.Status != "" && views.CardStatusName(f.Status) == "" {
		f.Status, list.Status = "", ""
	}
	if list.Agent == "" {
		return f, nil
	}
	a, err := v.web.companies.Agent(v.ctx(), v.tenant(), list.Agent)
	if fault.Is(err, "not_found") {
		list.Wrong = views.Errors{Fields: map[string]string{"agent": "There is no such agent in " + v.tenant().Mode() + " mode."}}
		return f, nil
	}
	f.Agent = &a.ID
	return f, err
}

// olderCards is where a list of cards goes on; nil is its beginning.
func (v *visit) olderCards() (*uuid.UUID, error) {
	named := v.QueryParam("before")
	if named == "" {
		return nil, nil
	}
	id, _, ok := ident.ParseCard(named)
	if !ok {
		return nil, fault.Missing("page")
	}
	return &id, nil
}

// cardRows gives cards the handles of their agents and what was captured.
func (v *visit) cardRows(list []cards.Card) ([]views.CardRow, error) {
	var agents, ids []uuid.UUID
	for _, c := range list {
		agents, ids = append(agents, c.Agent), append(ids, c.ID)
	}
	handles, err := v.handles(agents...)
	if err != nil {
		return nil, err
	}
	spent, err := v.web.books.Owned(v.ctx(), v.tenant(), ledger.Clearing, ids)
	out := make([]views.CardRow, len(list))
	for i, c := range list {
		out[i] = views.CardRow{Card: c, Handle: handles[c.Agent], Spent: spent[c.ID]}
	}
	return out, err
}

// theCard is the one that the address names. An id with another currency than
// the card's names none.
func (v *visit) theCard() (views.CardRow, error) {
	id, currency, ok := ident.ParseCard(v.Param("id"))
	if !ok {
		return views.CardRow{}, fault.Missing("card")
	}
	c, err := v.web.cards.Get(v.ctx(), v.tenant(), id)
	if err == nil && string(c.Currency) != currency {
		err = fault.Missing("card")
	}
	if err != nil {
		return views.CardRow{}, err
	}
	rows, err := v.cardRows([]cards.Card{c})
	if err != nil {
		return views.CardRow{}, err
	}
	return rows[0], nil
}

func (v *visit) card() error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	return v.showCard(http.StatusOK, views.CardPage{CardRow: c})
}

// showCard shows a card's page with its forms as they were left.
func (v *visit) showCard(status int, page views.CardPage) error {
	before, err := v.olderThan(ident.CardEntry)
	if err != nil {
		return err
	}
	page.Words = v.frame.Words(nil)
	page.Entries, err = v.web.cards.Transactions(v.ctx(), v.tenant(), page.ID, cards.Page{Limit: pageRows + 1, Before: before})
	if err != nil {
		return err
	}
	if len(page.Entries) > pageRows {
		page.Entries = page.Entries[:pageRows]
		page.Next = v.frame.With(views.CardPath(page.Card), "before", page.Entries[pageRows-1].PublicID())
	}
	accounts, err := v.web.books.Accounts(v.ctx(), v.tenant(), ledger.AccountFilter{Owner: &page.ID, Kind: ledger.Card, Currency: page.Currency}, ledger.Page{Limit: 1})
	if err != nil {
		return err
	}
	for _, a := range accounts {
		page.Account = a.ID
	}
	page.NetworkID = "page-" + ident.New().String()
	return v.show(status, views.Card(v.titled(views.CardName(page.Card)), page))
}

type cardChange func(context.Context, pgx.Tx, ident.Tenant, audit.Actor, uuid.UUID) (cards.Card, error)

// changeCard does one change by its button and comes back to the page.
func (v *visit) changeCard(change cardChange, done string) error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := change(ctx, tx, v.tenant(), v.actor(), c.ID)
		return err
	})
	if f := fault.From(err); err != nil && (f.Kind == fault.Conflict || f.Code == "provider_unavailable") {
		v.flash(views.Flash{Kind: views.Failed, Text: f.Text})
		return v.redirect(v.frame.At(views.CardPath(c.Card)))
	}
	if err != nil {
		return err
	}
	return v.to(views.CardPath(c.Card), views.CardName(c.Card)+done)
}

func (v *visit) freezeCard() error {
	return v.changeCard(v.web.cards.Freeze, " is frozen. Its swipes are declined from now on.")
}

func (v *visit) unfreezeCard() error {
	return v.changeCard(v.web.cards.Unfreeze, " may be used again.")
}

func (v *visit) cancelCard() error {
	return v.changeCard(v.web.cards.Cancel, " is canceled. What was left is in its wallet again.")
}

// loadCard moves more money from the wallet to the card.
func (v *visit) loadCard() error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	form := views.LoadForm{Amount: v.typed("amount")}
	amount, err := money.Parse(form.Amount, c.Currency)
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := v.web.cards.Load(ctx, tx, v.tenant(), v.actor(), c.ID, amount)
			return err
		})
	}
	if err == nil {
		return v.to(views.CardPath(c.Card), amount.String()+" more are on the card.")
	}
	if form.Wrong, err = troubles(err); err != nil {
		return err
	}
	return v.showCard(http.StatusUnprocessableEntity, views.CardPage{CardRow: c, Load: form})
}
