package spend_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/spend"
)

// TestEndedElsewhere has many authorizations of several agents confirmed and
// voided by a process that did not make them, with some that nobody made or that
// the caller may not see among them.
func TestEndedElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.policy(limitRule(100_000, "agent"))
	agents, elsewhere := h.agents(5), h.replica()
	var wait sync.WaitGroup
	for i := range 60 {
		agent := agents[i%len(agents)]
		id := h.authorize(agent, 100).Authorization.ID
		wait.Go(func() {
			if err := endOf(t, h, elsewhere, i, agent, id); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := h.statuses(); got["confirmed"] != 15 || got["voided"] != 15 || got["pending"] != 30 {
		t.Error(got)
	}
	h.checkMeters()
}

// endOf does one of four things with an authorization, and says what came out
// otherwise than it should.
func endOf(t *testing.T, h *house, gate *spend.Service, i int, agent, id uuid.UUID) error {
	call := h.call()
	switch i % 4 {
	case 0:
		call.OnlyAgent = agent
		return second(gate.Confirm(t.Context(), call, id, nil, ""))
	case 1:
		return second(gate.Void(t.Context(), call, id, ""))
	case 2:
		call.OnlyAgent = ident.New()
		return errors.Join(missing(gate.Confirm(t.Context(), call, id, nil, "")), missing(gate.Get(t.Context(), call, id, 0)))
	default:
		call.Tenant.Live = false
		return errors.Join(missing(gate.Void(t.Context(), call, id, "")), missing(gate.Get(t.Context(), call, id, 0)))
	}
}

func second(_ spend.Result, err error) error { return err }

func missing(_ spend.Result, err error) error {
	if err == nil || fault.From(err).Code != "not_found" {
		return fmt.Errorf("not missing, but %w", err)
	}
	return nil
}
