package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/views"
)

// offeredWallets bounds how many wallets a card can be loaded from on its form.
const offeredWallets = 200

func (v *visit) newCard() error {
	return v.showNewCard(http.StatusOK, views.CardForm{Agent: v.QueryParam("agent"), Controls: views.CardControls{Typed: freshControls()}})
}

// showNewCard shows the form with what there is to choose from: the company's
// wallets first.
func (v *visit) showNewCard(status int, form views.CardForm) (err error) {
	if form.Agents, err = v.web.companies.Agents(v.ctx(), v.tenant(), company.Page{Limit: offered}); err != nil {
		return err
	}
	if form.Issuer, err = v.issuer(); err != nil {
		return err
	}
	all, err := v.web.books.Wallets(v.ctx(), v.tenant(), nil, ledger.Page{Limit: offeredWallets})
	if err != nil {
		return err
	}
	var owners []uuid.UUID
	for _, w := range all {
		owners = append(owners, w.Owner)
	}
	if form.Handles, err = v.handles(owners...); err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b ledger.WalletState) int {
		return strings.Compare(v.walletPlace(a, form.Handles), v.walletPlace(b, form.Handles))
	})
	form.Wallets = all
	return v.show(status, views.NewCard(v.titled("New card"), form))
}

// walletPlace sorts wallets: the company's first, and its own currency before
// others.
func (v *visit) walletPlace(w ledger.WalletState, handles map[uuid.UUID]string) string {
	own := "1"
	if w.Currency == v.frame.Company.Currency {
		own = "0"
	}
	return handles[w.Owner] + " " + own + string(w.Currency)
}

func (v *visit) createCard() error {
	form := views.CardForm{Agent: v.typed("agent"), Wallet: v.typed("wallet"), Amount: v.typed("amount"), Name: v.FormValue("name"), SingleUse: v.FormValue("single_use") != ""}
	typed, err := v.typedControls()
	if err != nil {
		return err
	}
	form.Controls.Typed = typed
	draft, slots, err := v.cardDraft(form)
	var made cards.Card
	if err == nil {
		draft.ID = ident.New()
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
			made, _, err = v.web.cards.Create(ctx, tx, v.tenant(), v.actor(), draft)
			return err
		})
	}
	if err == nil {
		return v.to(views.CardPath(made), made.Money(made.Balance).String()+" are on the card. Its number is shown on demand.")
	}
	if form.Wrong, err = cardTroubles(err, slots); err != nil {
		return err
	}
	return v.showNewCard(http.StatusUnprocessableEntity, form)
}

// cardDraft reads the form, with everything that is wrong with it.
func (v *visit) cardDraft(form views.CardForm) (d cards.Draft, slots []controlSlot, err error) {
	d = cards.Draft{Name: form.Name, SingleUse: form.SingleUse}
	agent, agentErr := v.cardAgent(form.Agent)
	d.Agent = agent
	wallet, walletErr := v.cardWallet(form.Wallet, agent)
	d.FromAgentWallet = wallet.Owner != uuid.Nil
	var amountErr, controlsErr error
	if wallet.Currency != "" {
		d.Amount, amountErr = money.Parse(form.Amount, wallet.Currency)
		d.Controls, slots, controlsErr = readControls(form.Controls.Typed, wallet.Currency)
	}
	var wrong []*fault.Error
	for _, err := range []error{agentErr, walletErr, amountErr, controlsErr} {
		if err == nil {
			continue
		}
		f := fault.From(err)
		if f.Kind != fault.Invalid {
			return d, slots, err
		}
		wrong = append(wrong, f)
	}
	if f := fault.Join(wrong...); f != nil {
		return d, slots, f
	}
	return d, slots, nil
}

func (v *visit) cardAgent(typed string) (uuid.UUID, error) {
	if typed == "" {
		return uuid.Nil, fault.BadField("agent", "required", "Name the agent that uses the card.")
	}
	return v.walletOf("agent", typed)
}

// cardWallet is the wallet that was chosen: the company's or the agent's own.
func (v *visit) cardWallet(typed string, agent uuid.UUID) (ledger.Account, error) {
	id, ok := ident.Parse(ident.Account, typed)
	if !ok {
		return ledger.Account{}, fault.BadField("wallet", "required", "Choose the wallet that the card is loaded from.")
	}
	w, err := v.web.books.Account(v.ctx(), v.tenant(), id)
	switch {
	case fault.Is(err, "not_found") || err == nil && w.Kind != ledger.Wallet:
		return ledger.Account{}, fault.BadField("wallet", "unknown_wallet", "There is no such wallet in %s mode.", v.tenant().Mode())
	case err == nil && w.Owner != uuid.Nil && w.Owner != agent && agent != uuid.Nil:
		return w, fault.BadField("wallet", "not_its_wallet", "This wallet is another agent's: choose one of the company or of the agent itself.")
	}
	return w, err
}

func (v *visit) editCard() error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	form := views.CardForm{Card: &c, Shown: c.Digest(), Name: c.Name}
	form.Controls.Typed, _ = draftControls(c.Controls)
	return v.showEditCard(http.StatusOK, form)
}

// changedCard shows what was typed beside what somebody else saved meanwhile.
func (v *visit) changedCard(form views.CardForm) error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	form.Card, form.Shown, form.Changed = &c, c.Digest(), true
	return v.showEditCard(http.StatusConflict, form)
}

func (v *visit) showEditCard(status int, form views.CardForm) error {
	_, kept := draftControls(form.Card.Controls)
	for _, r := range kept {
		form.Controls.Kept = append(form.Controls.Kept, views.ControlSentence(v.frame.Words(nil), r))
	}
	return v.show(status, views.EditCard(v.titled("Name and controls"), form))
}

func (v *visit) saveCard() error {
	c, err := v.theCard()
	if err != nil {
		return err
	}
	form := views.CardForm{Card: &c, Shown: v.FormValue("shown"), Name: v.FormValue("name")}
	if form.Controls.Typed, err = v.typedControls(); err != nil {
		return err
	}
	controls, slots, err := readControls(form.Controls.Typed, c.Currency)
	if err == nil {
		_, kept := draftControls(c.Controls)
		controls = append(controls, kept...)
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := v.web.cards.Update(ctx, tx, v.tenant(), v.actor(), c.ID, cards.Change{Name: &form.Name, Controls: &controls, Shown: form.Shown})
			return err
		})
	}
	if err == nil {
		return v.to(views.CardPath(c.Card), "Saved. It holds from the next swipe on.")
	}
	if fault.Is(err, "card_changed") {
		return v.changedCard(form)
	}
	if form.Wrong, err = cardTroubles(err, slots); err != nil {
		return err
	}
	return v.showEditCard(http.StatusUnprocessableEntity, form)
}
