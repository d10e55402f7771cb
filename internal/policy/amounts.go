package policy

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/money"
)

// transactionLimit denies above its amount.
type transactionLimit struct{ *Rule }

func (k transactionLimit) check(e *evaluation, s *Step) verdict {
	s.Unit, s.Limit = Money, k.Amount.Minor
	if e.r.Amount.Minor <= k.Amount.Minor {
		return passes
	}
	return verdict{outcome: StepDeny, code: CodeTransactionLimit, amountRule: true, allowed: k.Amount.Minor}
}

// approvalThreshold holds above its amount.
type approvalThreshold struct{ *Rule }

func (k approvalThreshold) check(e *evaluation, s *Step) verdict {
	s.Unit, s.Limit = Money, k.Amount.Minor
	if e.r.Amount.Minor <= k.Amount.Minor {
		return passes
	}
	return verdict{outcome: StepHold, code: CodeApprovalRequired, amountRule: true, allowed: k.Amount.Minor}
}

// limit denies what would make a window's spent and reserved exceed its amount.
type limit struct {
	*Rule
	scope meter.Scope
	loc   *time.Location
}

func (k *limit) key(agent uuid.UUID) meter.Key {
	key := k.scope.Key().Key
	if k.scope.Kind == meter.ScopeAgent {
		key.Subject = agent
	}
	return key
}

// state is what the limit's window at an instant has used, and what is left;
// negative when more was spent than the limit is now.
func (k *limit) state(agent uuid.UUID, f *Facts, at time.Time) (w meter.Window, u meter.Usage, left int64) {
	w = k.Period.Window(at, k.loc)
	u = f.usage(k.key(agent), k.Period, w)
	left, _ = money.AddMinor(k.Amount.Minor, -u.Used())
	return w, u, left
}

func (k *limit) check(e *evaluation, s *Step) verdict {
	w, u, left := k.state(e.r.Agent, &e.f, e.r.At)
	s.Unit, s.Limit, s.Used, s.Remaining = Money, k.Amount.Minor, u.Used(), left
	s.counted, s.Spent, s.Window = true, u.Spent, w
	if e.r.Amount.Minor <= left {
		s.Remaining = left - e.r.Amount.Minor
		return passes
	}
	v := verdict{outcome: StepDeny, code: CodeLimitExceeded, amountRule: true, allowed: max(0, left)}
	if e.r.Amount.Minor <= k.Amount.Minor {
		v.retry = w.To
	}
	return v
}
