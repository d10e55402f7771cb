package ident

import (
	"strings"

	"github.com/google/uuid"
)

// currencyLength is that of an ISO 4217 code.
const currencyLength = 3

// FormatCard writes the public id of a card: card_eur_ and the 26 characters.
// The currency is lower case.
func FormatCard(currency string, id uuid.UUID) string {
	return Format(Card+"_"+Prefix(currency), id)
}

// ParseCard reads the public id of a card, with the currency that it says. Only
// the card knows whether that is its own.
func ParseCard(s string) (id uuid.UUID, currency string, ok bool) {
	rest, ok := strings.CutPrefix(s, string(Card)+"_")
	if !ok || len(rest) < currencyLength || strings.Trim(rest[:currencyLength], "abcdefghijklmnopqrstuvwxyz") != "" {
		return uuid.Nil, "", false
	}
	currency = rest[:currencyLength]
	id, ok = Parse(Card+"_"+Prefix(currency), s)
	return id, currency, ok
}
