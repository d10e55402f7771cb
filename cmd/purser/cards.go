package main

import (
	"encoding/json"
	"net/url"
)

type cardsGroup struct {
	Create       createCard  `cmd:"" api:"POST /v1/cards" columns:"id,pan,exp_month,exp_year,cvv,balance,currency,status,agent,name" help:"Make one. Its number is shown once."`
	List         listCards   `cmd:"" api:"GET /v1/cards" columns:"id,last4,agent,name,balance,held,currency,status" help:"List them, newest first."`
	Get          thing       `cmd:"" api:"GET /v1/cards/{id}" columns:"id,last4,agent,name,balance,held,currency,status,single_use,wallet,controls,provider,created_at,frozen_at,canceled_at" help:"Show one, without its number."`
	Update       updateCard  `cmd:"" api:"PATCH /v1/cards/{id}" columns:"id,last4,name,controls,status" help:"Change its name, controls or metadata."`
	Freeze       thing       `cmd:"" api:"POST /v1/cards/{id}/freeze" columns:"id,last4,status,frozen_at" help:"Decline everything new."`
	Unfreeze     thing       `cmd:"" api:"POST /v1/cards/{id}/unfreeze" columns:"id,last4,status" help:"Let it be used again."`
	Cancel       thing       `cmd:"" api:"POST /v1/cards/{id}/cancel" columns:"id,last4,status,balance,held,canceled_at" help:"End one for good. What is left returns to the wallet."`
	Delete       thing       `cmd:"" api:"DELETE /v1/cards/{id}" columns:"id,last4,status,balance,held,canceled_at" help:"The same as cancel."`
	Load         loadCard    `cmd:"" api:"POST /v1/cards/{id}/load" columns:"id,last4,balance,held,currency" help:"Move more from its wallet onto it."`
	Reveal       revealCard  `cmd:"" api:"POST /v1/cards/{id}/reveal" columns:"id,pan,exp_month,exp_year,cvv" help:"Show its number, for a reason that the audit log keeps."`
	Transactions transaction `cmd:"" api:"GET /v1/cards/{id}/transactions" columns:"id,created_at,type,amount,currency,merchant,code,network_code,authorization" help:"What happened to it, newest first."`
}

// transaction lists a card's.
type transaction struct{ itemsOf }

type createCard struct {
	Amount    string   `arg:"" json:"amount" help:"What to put on it, in major units."`
	Currency  string   `arg:"" json:"currency" help:"ISO 4217, such as eur."`
	Name      string   `json:"name,omitempty" help:"What it is for."`
	SingleUse bool     `json:"single_use,omitempty" help:"The first approved swipe is the last."`
	Wallet    string   `json:"wallet,omitempty" enum:",company,agent" default:"" help:"Whose wallet it is loaded from: company or agent."`
	Controls  string   `json:"-" help:"Its own rules as JSON, a list as in a policy; - for standard input." placeholder:"FILE"`
	Metadata  metadata `json:"metadata,omitempty" help:"Your own names for it." placeholder:"KEY=VALUE"`
}

// Run makes a card of the agent that --agent names.
func (c createCard) Run(a *app) error {
	rules, err := a.rules(c.Controls)
	if err != nil {
		return err
	}
	return a.do("", nil, struct {
		createCard
		Controls json.RawMessage `json:"controls,omitempty"`
	}{c, rules})
}

// rules reads a file of controls; none is nil.
func (a *app) rules(path string) (json.RawMessage, error) {
	if path == "" {
		return nil, nil
	}
	return a.document(path)
}

type listCards struct {
	Status   string `help:"active, frozen or canceled."`
	Currency string `help:"ISO 4217."`
	paging
}

// Run calls the endpoint. --agent narrows it to that agent's.
func (c listCards) Run(a *app) error {
	query := url.Values{}
	set(query, "status", c.Status)
	set(query, "currency", c.Currency)
	return c.list(a, "", query)
}

type updateCard struct {
	ID       string   `arg:"" json:"-" help:"Its id."`
	Name     *string  `json:"name,omitempty" help:"A new name."`
	Controls string   `json:"-" help:"All of its own rules as JSON, in place of those that it has; - for standard input." placeholder:"FILE"`
	Metadata metadata `json:"metadata,omitempty" help:"An empty value takes a key away." placeholder:"KEY=VALUE"`
}

// Run calls the endpoint.
func (c updateCard) Run(a *app) error {
	rules, err := a.rules(c.Controls)
	if err != nil {
		return err
	}
	return a.do(c.ID, nil, struct {
		updateCard
		Controls json.RawMessage `json:"controls,omitempty"`
	}{c, rules})
}

type loadCard struct {
	ID     string `arg:"" json:"-" help:"Its id."`
	Amount string `arg:"" json:"amount" help:"In major units of its currency."`
}

// Run calls the endpoint.
func (c loadCard) Run(a *app) error { return a.do(c.ID, nil, c) }

type revealCard struct {
	ID     string `arg:"" json:"-" help:"Its id."`
	Reason string `arg:"" json:"reason" help:"Why you need it."`
}

// Run calls the endpoint.
func (c revealCard) Run(a *app) error { return a.do(c.ID, nil, c) }
