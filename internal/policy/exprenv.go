package policy

import (
	"math/big"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Bounds of one expression. The cost limit is in cel's units, about one for
// each step; what exceeds it at run time denies.
const (
	maxExpression = 4096 // characters
	maxNodes      = 500
	maxDepth      = 50
	maxCost       = 20_000
	maxNesting    = 1 // of all, exists, filter, map
	maxRegex      = 500
)

// inDecimal tests whether a list holds a decimal.
const inDecimal = "decimal_in"

// comparisons are the operators that a rewrite turns into decimal ones.
var comparisons = map[string]struct {
	name string
	is   func(cmp int) bool
}{
	operators.Less:          {"decimal_less", func(cmp int) bool { return cmp < 0 }},
	operators.LessEquals:    {"decimal_less_equals", func(cmp int) bool { return cmp <= 0 }},
	operators.Greater:       {"decimal_greater", func(cmp int) bool { return cmp > 0 }},
	operators.GreaterEquals: {"decimal_greater_equals", func(cmp int) bool { return cmp >= 0 }},
	operators.Equals:        {"decimal_equals", func(cmp int) bool { return cmp == 0 }},
	operators.NotEquals:     {"decimal_not_equals", func(cmp int) bool { return cmp != 0 }},
}

// arithmetic likewise.
var arithmetic = map[string]struct {
	name string
	do   func(z, a, b *big.Rat) *big.Rat
}{
	operators.Add:      {"decimal_add", (*big.Rat).Add},
	operators.Subtract: {"decimal_subtract", (*big.Rat).Sub},
	operators.Multiply: {"decimal_multiply", (*big.Rat).Mul},
}

// expressionEnv is the environment that every expression shares. Building it
// takes milliseconds, and it never changes.
var expressionEnv = sync.OnceValues(newExpressionEnv)

func newExpressionEnv() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.Variable("amount", decimalType),
		cel.Variable("metadata", cel.MapType(cel.StringType, cel.StringType)),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxDepth),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegex),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateComprehensionNestingLimit(maxNesting),
			cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
		cel.Function("decimal", cel.Overload("decimal_string", []*cel.Type{cel.StringType}, decimalType,
			cel.UnaryBinding(decimalOfString))),
		cel.Function(inDecimal, cel.Overload("decimal_in_list", []*cel.Type{decimalType, cel.ListType(cel.DynType)}, cel.BoolType,
			cel.BinaryBinding(decimalIn))),
	}
	for _, name := range textVariables {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	for _, c := range comparisons {
		options = append(options, decimalFunction(c.name, cel.BoolType, func(a, b *big.Rat) ref.Val {
			return types.Bool(c.is(a.Cmp(b)))
		}))
	}
	for _, a := range arithmetic {
		options = append(options, decimalFunction(a.name, decimalType, func(x, y *big.Rat) ref.Val {
			return decimal{a.do(new(big.Rat), x, y)}
		}))
	}
	return cel.NewEnv(options...)
}

// textVariables are the strings that an expression may name. An unknown name
// such as merchant.nmae does not compile.
var textVariables = []string{"currency", "agent", "purpose", "rail",
	"merchant.name", "merchant.domain", "merchant.mcc", "merchant.country"}

// decimalFunction takes two decimals, or a decimal and an int in either order.
func decimalFunction(name string, result *cel.Type, do func(a, b *big.Rat) ref.Val) cel.EnvOption {
	binding := cel.BinaryBinding(func(a, b ref.Val) ref.Val {
		x, okX := decimalFrom(a)
		y, okY := decimalFrom(b)
		if !okX || !okY {
			return types.MaybeNoSuchOverloadErr(b)
		}
		return do(x.Rat, y.Rat)
	})
	return cel.Function(name,
		cel.Overload(name+"_both", []*cel.Type{decimalType, decimalType}, result, binding),
		cel.Overload(name+"_left", []*cel.Type{decimalType, cel.IntType}, result, binding),
		cel.Overload(name+"_right", []*cel.Type{cel.IntType, decimalType}, result, binding))
}

func decimalOfString(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	d, ok := parseDecimal(string(s))
	if !ok {
		return types.NewErr("not a decimal")
	}
	return d
}

func decimalIn(v, list ref.Val) ref.Val {
	d, okD := v.(decimal)
	l, okL := list.(traits.Lister)
	if !okD || !okL {
		return types.MaybeNoSuchOverloadErr(v)
	}
	for it := l.Iterator(); it.HasNext() == types.True; {
		if d.Equal(it.Next()) == types.True {
			return types.True
		}
	}
	return types.False
}
