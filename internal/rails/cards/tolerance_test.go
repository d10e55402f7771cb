package cards_test

import (
	"testing"

	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
)

func TestTolerances(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		mcc                        string
		currency                   money.Currency
		authorized, taken, capture int64
		above                      int64
	}{
		{"7372", "eur", 10000, 0, 10000, 0},
		{"7372", "eur", 10000, 0, 10001, 1},
		{"7372", "eur", 10000, 9000, 1500, 500},
		{"7372", "eur", 10000, 20000, 300, 300}, // not what came before
		{"5812", "eur", 10000, 0, 12000, 0},
		{"5812", "eur", 10000, 0, 12001, 1},
		{"5812", "eur", 101, 0, 121, 0}, // a fifth of a cent is nothing
		{"5812", "eur", 101, 0, 122, 1},
		{"7011", "eur", 10000, 11000, 1000, 500},
		{"5542", "eur", 100, 0, 17500, 0},
		{"5542", "jpy", 1, 0, 176, 1},
		{"5542", "eur", 20000, 0, 20001, 1},
		{"", "eur", 5, 0, 6, 1},
	} {
		if got := cards.Above(x.mcc, x.authorized, x.taken, money.Of(x.capture, x.currency)); got != x.above {
			t.Errorf("%+v: %d", x, got)
		}
	}
}
