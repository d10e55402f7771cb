package cards

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

// maxName bounds a card's name, in characters.
const maxName = 200

// Draft is what a card is made of. Agent and Amount are required.
type Draft struct {
	// ID may be given, so that a transaction that is run again makes the same
	// card at its provider; nil is a new one.
	ID     uuid.UUID
	Agent  uuid.UUID
	Amount money.Amount
	Name   string
	// SingleUse ends the card with its first approved swipe.
	SingleUse bool
	// FromAgentWallet loads it from the agent's own wallet, not the company's.
	FromAgentWallet bool
	Controls        Controls
	Metadata        map[string]string
}

// Create issues a card and moves Amount from the wallet to it. The secret is
// shown this once; it is zero where the issuer does not give it with the card.
// Errors: not_found for the agent; agent_frozen, company_frozen, agent_deleted,
// insufficient_funds, provider_not_connected (409); no_wallet (422, at currency);
// invalid_controls and others (422); provider_unavailable (503).
func (s *Service) Create(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in Draft) (Card, Secret, error) {
	in, err := in.checked()
	if err != nil {
		return Card{}, Secret{}, err
	}
	issuer, err := s.issuer(ctx, tx, t, "")
	if err != nil {
		return Card{}, Secret{}, err
	}
	q := db.New(tx)
	ground, err := q.CardGround(ctx, t.Company, t.Live, in.Agent)
	if err := admits(ground, err); err != nil {
		return Card{}, Secret{}, err
	}
	if err := funded(ctx, tx, t, in.wallet(), in.Amount); err != nil {
		return Card{}, Secret{}, err
	}
	issued, err := s.issue(ctx, tx, t, issuer, in)
	if err != nil {
		return Card{}, Secret{}, err
	}
	again, err := q.CardLockGround(ctx, t.Company, t.Live, in.Agent)
	if err := admits(db.CardGroundRow(again), err); err != nil {
		return Card{}, Secret{}, err
	}
	c, err := insert(ctx, tx, t, by, in, issuer.Name(), issued)
	if err != nil {
		return Card{}, Secret{}, err
	}
	secret := orZero(issued.Secret)
	secret.ExpMonth, secret.ExpYear = c.ExpMonth, c.ExpYear
	return c, secret, nil
}

// checked gives the input trimmed and whole, or everything that is wrong.
func (in Draft) checked() (Draft, error) {
	var amount, name, metadata, controls error
	if in.Amount.Minor <= 0 || in.Amount.Minor > in.Amount.Currency.MaxMinor() {
		amount = fault.BadField("amount", "out_of_range", "A card is loaded with more than zero.")
	}
	in.Name, name = company.Text("name", in.Name, 0, maxName)
	in.Metadata, metadata = company.MergeMetadata(nil, in.Metadata)
	in.Controls, controls = in.Controls.checked(in.Amount.Currency)
	if in.ID == uuid.Nil {
		in.ID = ident.New()
	}
	return in, joined(amount, name, metadata, controls)
}

// joined makes one answer of everything that is wrong.
func joined(errs ...error) error {
	var faults []*fault.Error
	for _, err := range errs {
		var f *fault.Error
		switch {
		case errors.As(err, &f):
			faults = append(faults, f)
		case err != nil:
			return err
		}
	}
	if f := fault.Join(faults...); f != nil {
		return f
	}
	return nil
}

func (in Draft) wallet() ledger.Ref {
	if in.FromAgentWallet {
		return ledger.WalletOf(in.Agent, in.Amount.Currency)
	}
	return ledger.WalletOf(uuid.Nil, in.Amount.Currency)
}

// admits says whether new money may be given to the agent.
func admits(g db.CardGroundRow, err error) error {
	switch {
	case errors.Is(err, pgx.ErrNoRows) || err == nil && g.AgentStatus == string(company.AgentDeleted):
		return fault.Missing("agent")
	case err != nil:
		return err
	case g.FrozenAt != nil:
		return fault.New(fault.Conflict, "company_frozen", "The company is frozen: no card can be issued or loaded.")
	case g.AgentStatus == string(company.AgentFrozen):
		return fault.New(fault.Conflict, "agent_frozen", "The agent is frozen: no card can be issued to it or loaded.")
	}
	return nil
}

// funded looks, without a lock, whether the wallet is there and has enough, so
// that no issuer makes a card in vain. The posting decides.
func funded(ctx context.Context, tx pgx.Tx, t ident.Tenant, wallet ledger.Ref, amount money.Amount) error {
	q := db.New(tx)
	has, err := q.CardWallet(ctx, t.Company, t.Live, wallet.Owner, string(wallet.Currency))
	if errors.Is(err, pgx.ErrNoRows) && !t.Live {
		if err := ledger.OpenSandbox(ctx, tx, t); err != nil {
			return err
		}
		has, err = q.CardWallet(ctx, t.Company, t.Live, wallet.Owner, string(wallet.Currency))
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fault.BadField("currency", "no_wallet", "There is no wallet in %s to load a card from.", wallet.Currency.Upper())
	case err != nil:
		return err
	case has < amount.Minor:
		return fault.New(fault.Conflict, "insufficient_funds", "The wallet has %s, which is %s too little.",
			money.Of(has, wallet.Currency), money.Of(amount.Minor-has, wallet.Currency))
	}
	return nil
}

// issue has the issuer make the card.
func (s *Service) issue(ctx context.Context, tx pgx.Tx, t ident.Tenant, issuer Issuer, in Draft) (issued Issued, err error) {
	now, err := clock(ctx, tx)
	if err != nil {
		return Issued{}, err
	}
	err = s.at(ctx, issuer, issuerPatience, func(ctx context.Context) (err error) {
		issued, err = issuer.Issue(ctx, NewCard{Tenant: t, ID: in.ID, Agent: in.Agent, Currency: in.Amount.Currency, Name: in.Name,
			SingleUse: in.SingleUse, Controls: in.Controls, Metadata: in.Metadata, At: now})
		return err
	})
	return issued, err
}

// clock is the database's.
func clock(ctx context.Context, tx pgx.Tx) (time.Time, error) { return db.New(tx).CardClock(ctx) }

// insert writes the card's row and loads it.
func insert(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in Draft, provider string, made Issued) (Card, error) {
	controls, err := rulesJSON(in.Controls)
	if err != nil {
		return Card{}, err
	}
	metadata, err := metadataJSON(in.Metadata)
	if err != nil {
		return Card{}, err
	}
	q := db.New(tx)
	if err := q.CardInsert(ctx, db.CardInsertParams{CompanyID: t.Company, Live: t.Live, CardID: in.ID, AgentID: in.Agent,
		Currency: string(in.Amount.Currency), Name: in.Name, Provider: provider, ProviderRef: made.Ref, Last4: made.Last4,
		ExpMonth: int32(made.ExpMonth), ExpYear: int32(made.ExpYear), SingleUse: in.SingleUse, WalletOwner: in.wallet().Owner,
		Controls: controls, Metadata: metadata}); err != nil {
		return Card{}, err
	}
	c, err := lockedCard(ctx, tx, t, in.ID)
	if err != nil {
		return Card{}, err
	}
	if err := c.post(ctx, tx, by, "card.loaded", "card.created:"+c.ID.String(), ledger.Move(c.wallet(), c.account(), in.Amount.Minor)); err != nil {
		return Card{}, err
	}
	c.Balance = in.Amount.Minor
	return c, c.tell(ctx, tx, by, "card.created", map[string]any{"amount": in.Amount.Decimal(), "provider": provider, "single_use": c.SingleUse})
}
