package ident

import "testing"

func TestCardIDsCarryTheirCurrency(t *testing.T) {
	id := New()
	text := FormatCard("eur", id)
	if got, currency, ok := ParseCard(text); !ok || got != id || currency != "eur" {
		t.Fatalf("%s became %v %q (%v)", text, got, currency, ok)
	}
	if !LikeID(text) || LikeID("card_eur_procurement") || LikeID("card_procurement") {
		t.Error("what looks like a card's id")
	}
	digits := text[len("card_eur_"):]
	for _, bad := range []string{"", "card_", "card_eur_", "card_" + digits, "card_EUR_" + digits, "card_eu_" + digits, "card_euro_" + digits,
		"card_e1r_" + digits, "agent_eur_" + digits, text + "0", "card_eur_" + digits[1:], "card__eur_" + digits} {
		if _, _, ok := ParseCard(bad); ok {
			t.Errorf("%q was taken for a card's id", bad)
		}
	}
}
