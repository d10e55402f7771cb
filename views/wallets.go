package views

import (
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
)

// WalletsPage is the money to spend: the company's, and its agents'.
type WalletsPage struct {
	Company, Agents []ledger.WalletState
	// Handles are those of the agents that wallets belong to.
	Handles map[uuid.UUID]string
	// Offered are agents to choose from; any other can be typed.
	Offered []company.Agent
	// Next leads to older wallets; empty on the last page.
	Next string
	// Older says that this is not the first page, which alone has the rest.
	Older bool
	Add   AddMoney
	// Issuer is where money comes from.
	Issuer Issuer
	Move   MoveMoney
}

// AddMoney is the form for test money.
type AddMoney struct {
	Amount, Currency, Agent string
	Wrong                   Errors
}

// MoveMoney is the form that moves money between wallets. Key makes a form that
// is sent twice move it once.
type MoveMoney struct {
	From, To, Amount, Key string
	Wrong                 Errors
}

// sources are the wallets that something can be taken from.
func (p WalletsPage) sources() (out []Option) {
	for _, list := range [][]ledger.WalletState{p.Company, p.Agents} {
		for _, w := range list {
			if w.Balance > 0 || ident.Format(ident.Account, w.ID) == p.Move.From {
				out = append(out, Option{ident.Format(ident.Account, w.ID), whoseWallet(w.Owner, p.Handles) + ": " + w.Money().String()})
			}
		}
	}
	return out
}

func whoseWallet(owner uuid.UUID, handles map[uuid.UUID]string) string {
	if owner == uuid.Nil {
		return "Company"
	}
	if h := handles[owner]; h != "" {
		return h
	}
	return ident.Format(ident.Agent, owner)
}
