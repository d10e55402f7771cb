package views

import (
	"math/big"

	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/spend"
)

// Tone says how the state of a thing is to be taken.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	News
	Attention
	Bad
)

// StatusTone is the tone of an authorization's status.
func StatusTone(s spend.Status) Tone {
	switch s {
	case spend.Confirmed:
		return Good
	case spend.Pending:
		return News
	case spend.Held:
		return Attention
	case spend.Denied:
		return Bad
	}
	return Plain
}

// StatusName is an authorization's status as pages write it.
func StatusName(s spend.Status) string {
	switch s {
	case spend.Pending:
		return "Approved"
	case spend.Held:
		return "Waiting"
	case spend.Confirmed:
		return "Confirmed"
	case spend.Voided:
		return "Voided"
	case spend.Expired:
		return "Expired"
	case spend.Denied:
		return "Denied"
	}
	return string(s)
}

// barScale is how many units wide a bar is drawn.
const barScale = 1000

// limitShares are a limit's spent and reserved parts in thousandths of it, which
// together are never more than the whole.
func limitShares(l policy.LimitState) (spent, reserved int64) {
	spent = share(l.Spent, l.Limit)
	return spent, min(share(l.Reserved, l.Limit), barScale-spent)
}

// share is part of whole in thousandths, between none and all of it. Anything
// of nothing is all.
func share(part, whole int64) int64 {
	switch {
	case part <= 0:
		return 0
	case part >= whole:
		return barScale
	}
	product := new(big.Int).Mul(big.NewInt(part), big.NewInt(barScale))
	return product.Div(product, big.NewInt(whole)).Int64()
}
