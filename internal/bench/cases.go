package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
)

// tally is what a server has answered. What it stores must equal it.
type tally struct {
	keys
	approved, confirmed, voided, denied atomic.Int64
}

// hot sends everything to one agent, spread to any of n.
func hot(*rand.Rand) int { return 0 }

func spread(n int) func(*rand.Rand) int {
	return func(r *rand.Rand) int { return 1 + r.IntN(n) }
}

var (
	sayApproved = []byte(`"decision":"APPROVED"`)
	sayDenied   = []byte(`"decision":"DENIED"`)
	sayLimit    = []byte(`"reason_code":"transaction_limit"`)
	sayToken    = []byte(`"token":"eyJ`)
	sayClosed   = []byte(`"status":"confirmed"`)
	sayVoided   = []byte(`"status":"voided"`)
	sayID       = []byte(`"id":"auth_`)
	sayData     = []byte(`"data":[{`)
	sayBudgets  = []byte(`"budgets":[{`)
	sayHealthy  = []byte(`"ok"`)
)

// expect is the whole answer's check: any other one ends the run.
func expect(a answer, err error, parts ...[]byte) error {
	if err != nil {
		return err
	}
	for _, part := range parts {
		if a.status != 200 || !bytes.Contains(a.body, part) {
			return fmt.Errorf("an unexpected answer (wanted 200 with %s): %d %s", part, a.status, a.body)
		}
	}
	return nil
}

func dice(client int) *rand.Rand { return rand.New(rand.NewPCG(7, uint64(client))) } //nolint:gosec // the load is to repeat

func (t *tenant) secret(client int) string { return t.secrets[client%len(t.secrets)] }

// authorizing asks for approvals that are given.
func (s *server) authorizing(t *tenant, who func(*rand.Rand) int) maker {
	return func(c *conn, client int) op {
		r, dice := newRequest(t.secret(client), "POST", "/v1/authorize", spending), dice(client)
		return func() error {
			r.fresh(&s.tally.keys)
			r.of(who(dice))
			a, err := c.ask(r.text)
			if err = expect(a, err, sayApproved, sayToken); err == nil {
				s.tally.approved.Add(1)
			}
			return err
		}
	}
}

// touching authorizes once for each agent, so that their meters exist.
func (s *server) touching(t *tenant, next *atomic.Int64) maker {
	return func(c *conn, client int) op {
		do := newRequest(t.secret(client), "POST", "/v1/authorize", spending)
		return func() error {
			do.fresh(&s.tally.keys)
			do.of(int(next.Add(1)))
			a, err := c.ask(do.text)
			if err = expect(a, err, sayApproved); err == nil {
				s.tally.approved.Add(1)
			}
			return err
		}
	}
}

// pairing authorizes and confirms.
func (s *server) pairing(t *tenant, who func(*rand.Rand) int) maker {
	return func(c *conn, client int) op {
		first := s.authorizing(t, who)(c, client)
		confirm := newRequest(t.secret(client), "POST", "/v1/authorize/"+idRoom+"/confirm", "{}")
		return func() error {
			if err := first(); err != nil {
				return err
			}
			id, err := idIn(c.body)
			if err != nil {
				return err
			}
			confirm.about(id)
			confirm.fresh(&s.tally.keys)
			a, err := c.ask(confirm.text)
			if err = expect(a, err, sayClosed); err == nil {
				s.tally.confirmed.Add(1)
			}
			return err
		}
	}
}

// overreaching asks for more than one transaction may have.
func (s *server) overreaching(t *tenant, who func(*rand.Rand) int) maker {
	return func(c *conn, client int) op {
		r, dice := newRequest(t.secret(client), "POST", "/v1/authorize", excessive), dice(client)
		return func() error {
			r.fresh(&s.tally.keys)
			r.of(who(dice))
			a, err := c.ask(r.text)
			if err = expect(a, err, sayDenied, sayLimit, sayToken); err == nil {
				s.tally.denied.Add(1)
			}
			return err
		}
	}
}

// remembered is how many answers are asked for again, each of another agent.
const remembered = 1000

// remember makes the answers that replaying asks for.
func (s *server) remember(t *tenant, next *atomic.Int64) maker {
	return func(c *conn, client int) op {
		r := newRequest(t.secret(client), "POST", "/v1/authorize", spending)
		return func() error {
			n := next.Add(1)
			r.keyed(replayed + n)
			r.of(int(n))
			a, err := c.ask(r.text)
			if err = expect(a, err, sayApproved); err != nil {
				return err
			}
			s.tally.approved.Add(1)
			id, err := idIn(a.body)
			s.keep(id)
			return err
		}
	}
}

// replayed numbers the keys of those answers, far from all others.
const replayed = 1_000_000_000_000

// replaying repeats requests that were answered.
func (s *server) replaying(t *tenant, n int) maker {
	return func(c *conn, client int) op {
		r, dice := newRequest(t.secret(client), "POST", "/v1/authorize", spending), dice(client)
		return func() error {
			agent := 1 + dice.IntN(n)
			r.keyed(replayed + int64(agent))
			r.of(agent)
			a, err := c.ask(r.text)
			if err == nil && !a.replayed {
				return fmt.Errorf("a repeated request was not answered as one: %d %s", a.status, a.body)
			}
			return expect(a, err, sayApproved, sayToken)
		}
	}
}

// looking reads budgets.
func (s *server) looking(t *tenant, who func(*rand.Rand) int) maker {
	return func(c *conn, client int) op {
		r, dice := newRequest(t.secret(client), "GET", "/v1/budget/"+agentRoom, ""), dice(client)
		return func() error {
			r.of(who(dice))
			a, err := c.ask(r.text)
			return expect(a, err, sayBudgets)
		}
	}
}

// greeting is the least that the server can be asked.
func greeting(c *conn, _ int) op {
	r := newRequest("-", "GET", "/healthz", "")
	return func() error {
		a, err := c.ask(r.text)
		return expect(a, err, sayHealthy)
	}
}
