package main

import (
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/internal/vault"
)

// newCards makes the rail of prepaid cards. Numbers are sealed with keys that
// are derived from the installation's.
func newCards(h house, gate *spend.Service) (*cards.Service, error) {
	numbers, err := vault.New(h.sealing)
	if err != nil {
		return nil, err
	}
	return cards.New(cards.Config{Pool: h.pool, Gate: gate, Vault: numbers, Log: h.log}), nil
}
