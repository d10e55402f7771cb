package policy

import "time"

// cures says what would by itself turn a denial into something else.
func (e *evaluation) cures(cover *coverage) []Remedy {
	var list []Remedy
	if most, ok := largest(e.denials); ok {
		list = append(list, Remedy{Type: LowerAmount, MaxAmount: e.money(most)})
	}
	if at, ok := e.latest(cover); ok {
		list = append(list, Remedy{Type: RetryAfter, At: at})
	}
	return list
}

// holdCures says what can be done about the need for approval.
func (e *evaluation) holdCures() []Remedy {
	list := []Remedy{{Type: RequestApproval}}
	if most, ok := largest(e.holds); ok {
		list = append(list, Remedy{Type: LowerAmount, MaxAmount: e.money(most)})
	}
	return list
}

// largest is the largest amount that all findings allow, if a smaller amount
// cures every one of them.
func largest(found []finding) (int64, bool) {
	most := found[0].allowed
	for _, f := range found {
		if !f.amountRule || f.allowed <= 0 {
			return 0, false
		}
		most = min(most, f.allowed)
	}
	return most, true
}

// latest is when time has cured every denial, moved on to an instant at which
// all the hours that cover the request are open.
func (e *evaluation) latest(cover *coverage) (time.Time, bool) {
	at := e.denials[0].retry
	for _, f := range e.denials {
		if f.retry.IsZero() {
			return at, false
		}
		if f.retry.After(at) {
			at = f.retry
		}
	}
	return cover.whenOpen(at)
}

// whenOpen moves at on until every hours rule is open, in a few rounds.
func (c *coverage) whenOpen(at time.Time) (time.Time, bool) {
	for range 8 {
		start := at
		for _, p := range c.policies {
			for i := range p.rules {
				k, ok := p.rules[i].check.(*hours)
				if !ok || p.shadow || !p.inEffect(at) {
					continue
				}
				if at = k.opens(at); at.IsZero() {
					return at, false
				}
			}
		}
		if at.Equal(start) {
			return at, true
		}
	}
	return at, false
}
