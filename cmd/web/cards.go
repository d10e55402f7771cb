package main

import (
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/vault"
)

// openCards makes the rail of prepaid cards. Numbers are sealed with keys that
// are derived from the installation's.
func (f *features) openCards(h house) error {
	numbers, err := vault.New(h.sealing)
	if err != nil {
		return err
	}
	f.cards = cards.New(cards.Config{Pool: h.pool, Gate: f.gate, Vault: numbers, Log: h.log})
	return nil
}
