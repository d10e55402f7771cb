package policy

import (
	"errors"
	"strings"

	"github.com/getpurser/purser/internal/fault"
)

// ExpressionFault is what is wrong with the text of an expression, and where.
type ExpressionFault struct {
	// Line and Column count from 1, columns in characters.
	Line, Column int
	Message      string
}

// CheckExpression says what is wrong with the text of an expression; nil is
// nothing. It costs what saving the rule would: some milliseconds at most.
func CheckExpression(text string) *ExpressionFault {
	if strings.TrimSpace(text) == "" {
		return &ExpressionFault{1, 1, "Write a condition, such as amount > 100.0."}
	}
	_, err := compileExpression(text)
	if err == nil {
		return nil
	}
	var at *placed
	if errors.As(err, &at) {
		return &at.ExpressionFault
	}
	return &ExpressionFault{1, 1, fault.From(err).Fields[0].Message}
}

// placed is the cause of an expression's fault: where in the text it is.
type placed struct{ ExpressionFault }

func (p *placed) Error() string { return p.Message }
