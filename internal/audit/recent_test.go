package audit_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
)

// entries are n events of one moment, of every kind of content.
func (w world) entries(n int) (all []audit.Entry) {
	agent, at := ident.New(), time.Now().UTC().Truncate(time.Microsecond)
	for i := range n {
		e := audit.Entry{Tenant: w.tenant, Actor: member, At: at, Event: audit.Event{Type: "agent.updated", Agent: &agent,
			Subject: ident.Format(ident.Agent, agent), Data: map[string]any{"n": i, "name": "Zoë <b>&\u2028", "amount": "10.00"}}}
		if i%3 == 0 {
			e.Agent, e.Data, e.Actor = nil, nil, audit.System()
		}
		if i%5 == 0 {
			e.Agent = &uuid.Nil
		}
		all = append(all, e)
	}
	return all
}

// TestWhatWasWrittenIsSealed: an event that is changed between its commit and
// its sealing is found where the log knows what was written.
func TestWhatWasWrittenIsSealed(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{true, false} {
		w := newWorld(t)
		if written := w.appendBatch(w.entries(9)); known {
			w.log.Remember(written)
		}
		if err := w.asOwner("UPDATE audit_events SET data = replace(data::text, '10.00', '10.01')::json WHERE data->>'n' = '4'"); err != nil {
			t.Fatal(err)
		}
		w.checkpoint()
		if r := w.verify(); r.OK == known {
			t.Errorf("known %v: %+v", known, r)
		}
	}
}

// TestMoreThanIsRemembered: what another process has sealed is forgotten, and
// what this one has forgotten is read.
func TestMoreThanIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := audit.New(w.app, newNotary(), discard)
	const n, parts = 1500, 5
	for range parts {
		w.log.Remember(w.appendBatch(w.entries(n)))
	}
	if err := other.SealNow(t.Context(), w.tenant); err != nil {
		t.Fatal(err)
	}
	w.log.Remember(w.appendBatch(w.entries(n)))
	w.appendBatch(w.entries(n)) // as by another process
	w.checkpoint()
	if r := w.verify(); !r.OK || r.Checked != (parts+2)*n {
		t.Errorf("%+v", r)
	}
}
