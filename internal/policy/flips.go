package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/money"
)

// Flip is one request that would be decided in another way.
type Flip struct {
	Authorization, Agent uuid.UUID
	Amount               money.Amount
	Merchant             string
	At                   time.Time
	Before, After        Outcome
	ReasonCode, Reason   string // of After
}

// FlipTotal adds up the flips of one kind.
type FlipTotal struct {
	Before, After Outcome
	Count         int
	// Amounts has one sum a currency, in alphabetical order.
	Amounts []money.Amount
}

// Flips collects decisions that would be others, and leaves out those that
// would not.
type Flips struct {
	most  int
	list  []Flip
	kinds map[[2]Outcome]*kind
}

type kind struct {
	count   int
	amounts map[money.Currency]int64
}

// NewFlips collects all in its totals and lists the first so many.
func NewFlips(most int) *Flips { return &Flips{most: most, kinds: map[[2]Outcome]*kind{}} }

// Add takes in a decision, if it would be another.
func (f *Flips) Add(flip Flip) {
	if flip.Before == flip.After {
		return
	}
	if len(f.list) < f.most {
		f.list = append(f.list, flip)
	}
	k := f.kinds[[2]Outcome{flip.Before, flip.After}]
	if k == nil {
		k = &kind{amounts: map[money.Currency]int64{}}
		f.kinds[[2]Outcome{flip.Before, flip.After}] = k
	}
	k.count++
	k.amounts[flip.Amount.Currency], _ = money.AddMinor(k.amounts[flip.Amount.Currency], flip.Amount.Minor)
}

// List is the first of them, in the order in which they were added.
func (f *Flips) List() []Flip { return f.list }

// Totals adds up each kind of them.
func (f *Flips) Totals() (all []FlipTotal) {
	for _, before := range []Outcome{Approved, RequiresApproval, Denied} {
		for _, after := range []Outcome{Approved, RequiresApproval, Denied} {
			if k := f.kinds[[2]Outcome{before, after}]; k != nil {
				all = append(all, FlipTotal{Before: before, After: after, Count: k.count, Amounts: sums(k.amounts)})
			}
		}
	}
	return all
}

// sums are in alphabetical order of the currencies.
func sums(amounts map[money.Currency]int64) []money.Amount {
	var list []money.Amount
	for c, minor := range amounts {
		list = append(list, money.Of(minor, c))
	}
	slices.SortFunc(list, func(a, b money.Amount) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	return list
}
