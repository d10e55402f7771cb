package policy

import (
	"strings"

	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// rewriter turns a parsed expression into one whose numbers are exact: each
// literal with a point or exponent becomes a decimal of its own text, which no
// binary float has touched, and each operator on a decimal becomes the decimal
// one. It also makes has(x.y) mean "is not empty", as absent is empty.
type rewriter struct {
	text   []rune
	info   *celast.SourceInfo
	make   celast.ExprFactory
	nextID int64
	bad    int64 // the node of a literal that is no decimal
}

func rewrite(parsed *celast.AST, text string) (badNode int64) {
	r := &rewriter{text: []rune(text), info: parsed.SourceInfo(), make: celast.NewExprFactory(), nextID: celast.MaxID(parsed) + 1}
	celast.PostOrderVisit(parsed.Expr(), celast.NewExprVisitor(r.visit))
	return r.bad
}

func (r *rewriter) visit(e celast.Expr) {
	switch e.Kind() {
	case celast.LiteralKind:
		if _, ok := e.AsLiteral().(types.Double); ok {
			r.literal(e)
		}
	case celast.CallKind:
		r.call(e)
	case celast.SelectKind:
		if s := e.AsSelect(); s.IsTestOnly() {
			field := r.make.NewSelect(r.id(), s.Operand(), s.FieldName())
			empty := r.make.NewLiteral(r.id(), types.String(""))
			e.SetKindCase(r.make.NewCall(e.ID(), operators.NotEquals, field, empty))
		}
	}
}

func (r *rewriter) id() int64 {
	r.nextID++
	return r.nextID
}

func (r *rewriter) literal(e celast.Expr) {
	span, ok := r.info.GetOffsetRange(e.ID())
	if !ok {
		r.bad = e.ID()
		return
	}
	text := numberAt(r.text, int(span.Start))
	if _, ok := parseDecimal(text); !ok {
		r.bad = e.ID()
		return
	}
	e.SetKindCase(r.make.NewCall(e.ID(), "decimal", r.make.NewLiteral(r.id(), types.String(text))))
}

// numberAt is the number that starts at an offset, without space after its sign.
func numberAt(text []rune, start int) string {
	var b strings.Builder
	for i := start; i >= 0 && i < len(text); i++ {
		c := text[i]
		previous := rune(0)
		if i > start {
			previous = text[i-1] | 0x20
		}
		switch {
		case c >= '0' && c <= '9', c == '.', c|0x20 == 'e':
			b.WriteRune(c)
		case (c == '-' || c == '+') && (b.Len() == 0 || previous == 'e'):
			b.WriteRune(c)
		case strings.ContainsRune(" \t\r\n\f", c) && b.String() == "-":
		default:
			return b.String()
		}
	}
	return b.String()
}

func (r *rewriter) call(e celast.Expr) {
	call := e.AsCall()
	args := call.Args()
	if call.IsMemberFunction() || len(args) != 2 {
		return
	}
	name := call.FunctionName()
	if name == operators.In && isDecimal(args[0]) {
		e.SetKindCase(r.make.NewCall(e.ID(), inDecimal, args...))
	}
	if !isDecimal(args[0]) && !isDecimal(args[1]) {
		return
	}
	if c, ok := comparisons[name]; ok {
		e.SetKindCase(r.make.NewCall(e.ID(), c.name, args...))
	}
	if a, ok := arithmetic[name]; ok {
		e.SetKindCase(r.make.NewCall(e.ID(), a.name, args...))
	}
}

// isDecimal judges by shape, before types are known; whatever it misses does
// not compile, so nothing is compared wrongly.
func isDecimal(e celast.Expr) bool {
	switch e.Kind() {
	case celast.IdentKind:
		return e.AsIdent() == "amount"
	case celast.CallKind:
		call := e.AsCall()
		if call.FunctionName() == operators.Conditional && len(call.Args()) == 3 {
			return isDecimal(call.Args()[1]) || isDecimal(call.Args()[2])
		}
		for _, a := range arithmetic {
			if call.FunctionName() == a.name {
				return true
			}
		}
		return call.FunctionName() == "decimal"
	}
	return false
}

// foldDecimals replaces decimal("…") by its value in a checked expression, so
// that no text is read while a decision waits.
func foldDecimals(checked *celast.AST) {
	factory := celast.NewExprFactory()
	celast.PostOrderVisit(checked.Expr(), celast.NewExprVisitor(func(e celast.Expr) {
		if e.Kind() != celast.CallKind || e.AsCall().FunctionName() != "decimal" {
			return
		}
		argument := e.AsCall().Args()[0]
		if argument.Kind() != celast.LiteralKind {
			return
		}
		if d, ok := decimalOfString(argument.AsLiteral()).(decimal); ok {
			e.SetKindCase(factory.NewLiteral(e.ID(), d))
		}
	}))
}

// shown puts the operators' own signs back into a message of the type checker.
func shown(message string) string {
	for operator, c := range comparisons {
		message = strings.ReplaceAll(message, "'"+c.name+"'", "'"+operator+"'")
	}
	for operator, a := range arithmetic {
		message = strings.ReplaceAll(message, "'"+a.name+"'", "'"+operator+"'")
	}
	return strings.ReplaceAll(message, "'"+inDecimal+"'", "'@in'")
}
