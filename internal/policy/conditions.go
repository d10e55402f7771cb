package policy

import "cel.dev/cel-go/cel"

// expression matches when its text is true of the request.
type expression struct {
	*Rule
	program cel.Program
}

func (k expression) check(e *evaluation, s *Step) verdict {
	matches, ok := run(k.program, &e.r)
	switch {
	case !ok:
		s.Value = "error"
		return verdict{outcome: StepDeny, code: CodeExpressionError}
	case !matches:
		s.Value = "false"
		return passes
	}
	s.Value = "true"
	if k.Effect == RequireApproval {
		return verdict{outcome: StepHold, code: CodeApprovalRequired}
	}
	return verdict{outcome: StepDeny, code: CodeExpressionDenied}
}
