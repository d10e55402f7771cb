package spend

import (
	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
)

// maxRemembered bounds each of the memories, about 150 bytes an entry.
const maxRemembered = 20_000

// memory is what this process has seen stored and what never changes: it saves
// looking it up, or storing it once more. Another process may know more.
type memory struct {
	agents    *otter.Cache[ref, uuid.UUID] // whose an authorization is
	merchants *otter.Cache[merchantRef, struct{}]
}

func newMemory() memory {
	return memory{
		agents:    otter.Must(&otter.Options[ref, uuid.UUID]{MaximumSize: maxRemembered}),
		merchants: otter.Must(&otter.Options[merchantRef, struct{}]{MaximumSize: maxRemembered}),
	}
}

// learn takes over what a batch has committed.
func (m memory) learn(c *changes) {
	for _, a := range c.inserted {
		m.agents.Set(ref{a.Tenant, a.ID}, a.Agent)
	}
	for merchant := range c.merchants {
		m.merchants.Set(merchant, struct{}{})
	}
}

// new leaves out the merchants that are known to be stored.
func (m memory) new(merchants map[merchantRef]bool) {
	for merchant := range merchants {
		if _, stored := m.merchants.GetIfPresent(merchant); stored {
			delete(merchants, merchant)
		}
	}
}
