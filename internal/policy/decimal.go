package policy

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/getpurser/purser/internal/money"
)

// decimalType is the type of amount, and of every literal with a point, in an
// expression.
var decimalType = types.NewOpaqueType("decimal")

// decimal is an exact number as a CEL value.
type decimal struct{ *big.Rat }

// decimalOf is the amount in major units.
func decimalOf(a money.Amount) decimal {
	scale := int64(1)
	for range a.Currency.Exponent() {
		scale *= 10
	}
	return decimal{big.NewRat(a.Minor, scale)}
}

// longest literal that is read, and the powers of ten that it may have: beyond
// them nothing is an amount.
const (
	maxDigits = 64
	maxPower  = 2 // digits of an exponent
)

// parseDecimal reads -12.50 or 1e3, exactly.
func parseDecimal(s string) (decimal, bool) {
	if len(s) > maxDigits || strings.Trim(s, "0123456789+-.eE") != "" {
		return decimal{}, false
	}
	if e := strings.IndexAny(s, "eE"); e >= 0 && len(strings.TrimLeft(s[e+1:], "+-0")) > maxPower {
		return decimal{}, false
	}
	r, ok := new(big.Rat).SetString(s)
	return decimal{r}, ok
}

// decimalFrom takes what is a decimal in all but type.
func decimalFrom(v ref.Val) (decimal, bool) {
	switch v := v.(type) {
	case decimal:
		return v, true
	case types.Int:
		return decimal{new(big.Rat).SetInt64(int64(v))}, true
	}
	return decimal{}, false
}

// Equal compares with a decimal or an int; anything else is not equal.
func (d decimal) Equal(other ref.Val) ref.Val {
	o, ok := decimalFrom(other)
	return types.Bool(ok && d.Cmp(o.Rat) == 0)
}

// Type is decimalType.
func (d decimal) Type() ref.Type { return decimalType }

// Value is the *big.Rat.
func (d decimal) Value() any { return d.Rat }

// ConvertToNative gives a *big.Rat and nothing else.
func (d decimal) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[*big.Rat]() {
		return d.Rat, nil
	}
	return nil, fmt.Errorf("a decimal is no %v", t)
}

// ConvertToType gives the decimal itself or its type.
func (d decimal) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case decimalType:
		return d
	case types.TypeType:
		return decimalType
	}
	return types.NewErr("a decimal does not become %s", t.TypeName())
}
