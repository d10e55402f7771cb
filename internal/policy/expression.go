package policy

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/getpurser/purser/internal/fault"
)

// compileExpression reads, rewrites, type-checks and plans the text. The fault
// is Invalid at "when", expression_invalid, and its message says line and
// column of the text, from 1.
func compileExpression(text string) (cel.Program, error) {
	env, err := expressionEnv()
	if err != nil {
		return nil, err
	}
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		return nil, badExpression(issues)
	}
	if node := rewrite(parsed.NativeRep(), text); node != 0 {
		at := parsed.NativeRep().SourceInfo().GetStartLocation(node)
		return nil, expressionFault(at.Line(), at.Column(), "this number has too many digits")
	}
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		return nil, badExpression(issues)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, expressionFault(1, 0, "the result must be true or false, and this gives "+checked.OutputType().String())
	}
	foldDecimals(checked.NativeRep())
	program, err := env.Program(checked, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fault.BadField("when", "expression_invalid", "This expression cannot be run.").Because(err)
	}
	return program, nil
}

func badExpression(issues *cel.Issues) error {
	first := issues.Errors()[0]
	return expressionFault(first.Location.Line(), first.Location.Column(), shown(first.Message))
}

func expressionFault(line, column int, message string) error {
	if line < 1 { // a limit of the whole text has no place
		line, column = 1, 0
	}
	at := ExpressionFault{line, column + 1, strings.TrimSpace(message)}
	return fault.BadField("when", "expression_invalid", "line %d, column %d: %s", at.Line, at.Column, at.Message).Because(&placed{at})
}

// variables gives an expression the request, without copying it.
type variables struct{ r *Request }

// Parent is none.
func (variables) Parent() cel.Activation { return nil }

// ResolveName gives one variable; absent parts are empty.
func (v variables) ResolveName(name string) (any, bool) {
	switch name {
	case "amount":
		return decimalOf(v.r.Amount), true
	case "metadata":
		return newTexts(v.r.Metadata), true
	}
	text, ok := v.text(name)
	return types.String(text), ok
}

func (v variables) text(name string) (string, bool) {
	switch name {
	case "currency":
		return string(v.r.Amount.Currency), true
	case "agent":
		return v.r.Handle, true
	case "purpose":
		return v.r.Purpose, true
	case "rail":
		return v.r.Rail, true
	case "merchant.name":
		return v.r.Merchant.Name, true
	case "merchant.domain":
		return v.r.Merchant.Domain, true
	case "merchant.mcc":
		return v.r.Merchant.MCC, true
	case "merchant.country":
		return v.r.Merchant.Country, true
	}
	return "", false
}

// texts is a map in which an absent key is the empty string.
type texts struct{ traits.Mapper }

func newTexts(m map[string]string) texts {
	return texts{types.NewStringStringMap(types.DefaultTypeAdapter, m)}
}

// Find gives the value, or the empty string.
func (t texts) Find(key ref.Val) (ref.Val, bool) {
	if v, ok := t.Mapper.Find(key); ok || v != nil {
		return v, ok
	}
	return types.String(""), true
}

// Get is Find as an index.
func (t texts) Get(key ref.Val) ref.Val {
	v, _ := t.Find(key)
	return v
}

// run evaluates; an error at run time is not ok.
func run(p cel.Program, r *Request) (matches, ok bool) {
	out, _, err := p.Eval(cel.Activation(variables{r}))
	if err != nil {
		return false, false
	}
	b, ok := out.(types.Bool)
	return bool(b), ok
}
