package ledger

import (
	"context"
	"fmt"
	"math/big"
	"regexp"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
)

// Trade exchanges money of one account into the currency of another.
type Trade struct {
	Key, Reference string
	From, To       Ref
	// Sell is in minor units of From's currency.
	Sell int64
	// Rate is the price of one major unit of From's currency in To's, as a
	// decimal such as 0.9215.
	Rate string
}

// Swap posts an exchange: each currency balances by itself, through the
// company's clearing account of that currency. Errors: those of Post,
// rate_malformed, and amount_zero when nothing would be bought.
func Swap(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, in Trade) (Transaction, error) {
	bought, err := Convert(money.Of(in.Sell, in.From.Currency), in.To.Currency, in.Rate)
	if err != nil {
		return Transaction{}, err
	}
	if in.Sell <= 0 || in.From.Currency == in.To.Currency {
		return Transaction{}, fmt.Errorf("%w: an exchange of %d %s into %s", errPosting, in.Sell, in.From.Currency, in.To.Currency)
	}
	between := func(c money.Currency) Ref { return Ref{Exchange, uuid.Nil, c} }
	entries := append(Move(in.From, between(in.From.Currency), in.Sell), Move(between(in.To.Currency), in.To, bought.Minor)...)
	out, _, err := post(ctx, tx, t, by, draft{Posting: Posting{in.Key, "exchanged", in.Reference, entries}, rate: in.Rate, asked: in})
	return out, err
}

// decimalRate is at most twelve digits before the point and after it.
var decimalRate = regexp.MustCompile(`^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$`)

// Convert multiplies exactly and rounds once, to the nearest minor unit, and a
// half to the even one, so that many exchanges lean to neither side.
func Convert(a money.Amount, to money.Currency, rate string) (money.Amount, error) {
	price, ok := new(big.Rat).SetString(rate)
	if !ok || !decimalRate.MatchString(rate) || price.Sign() == 0 {
		return money.Amount{}, fault.BadField("rate", "rate_malformed", "A rate is a decimal above zero with at most 12 digits on each side of the point, such as 0.9215.")
	}
	exact := price.Mul(price, new(big.Rat).SetInt64(a.Minor))
	exact.Mul(exact, new(big.Rat).SetFrac(tens(to.Exponent()), tens(a.Currency.Exponent())))
	minor := nearest(exact)
	switch {
	case !minor.IsInt64():
		return money.Amount{}, fault.BadField("amount", "amount_too_large", "The amount is too large to exchange.")
	case minor.Sign() == 0:
		return money.Amount{}, fault.BadField("amount", "amount_zero", "This buys less than the smallest unit of %s.", to.Upper())
	}
	return money.Of(minor.Int64(), to), nil
}

func tens(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// nearest is the closest whole number to a positive one, the even one of two.
func nearest(r *big.Rat) *big.Int {
	whole, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	switch half := rest.Lsh(rest, 1).Cmp(r.Denom()); {
	case half > 0, half == 0 && whole.Bit(0) == 1:
		return whole.Add(whole, big.NewInt(1))
	}
	return whole
}
