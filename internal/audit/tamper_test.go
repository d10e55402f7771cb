package audit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// at picks the leaf of a position; others are written in the log before it.
const at = " WHERE (company_id, live, event_id) = (SELECT company_id, live, event_id FROM audit_leaves WHERE position = 300)"

// tamperings are done straight in the database by its owner.
func tamperings() map[string][]string {
	return map[string][]string{
		"a byte of data":        {"UPDATE audit_events SET data = replace(data::text, '10.00', '10.01')::json" + at},
		"white space in data":   {"UPDATE audit_events SET data = (' ' || data::text)::json" + at},
		"another escape":        {`UPDATE audit_events SET data = replace(data::text, 'amount', '\u0061mount')::json` + at},
		"data to null":          {"UPDATE audit_events SET data = 'null'" + at},
		"data gone":             {"UPDATE audit_events SET data = NULL" + at},
		"type":                  {"UPDATE audit_events SET type = 'agent.created'" + at},
		"actor":                 {"UPDATE audit_events SET actor = 'system'" + at},
		"subject":               {"UPDATE audit_events SET subject = subject || ' '" + at},
		"agent":                 {"UPDATE audit_events SET agent_id = gen_random_uuid()" + at},
		"agent gone":            {"UPDATE audit_events SET agent_id = NULL" + at},
		"request id":            {"UPDATE audit_events SET request_id = 'req_2'" + at},
		"at, by a microsecond":  {"UPDATE audit_events SET created_at = created_at + interval '1 microsecond'" + at},
		"id":                    {"UPDATE audit_events SET event_id = gen_random_uuid()" + at},
		"id, leaf included":     {"WITH n AS (UPDATE audit_events SET event_id = '00000000-0000-7000-8000-000000000001'" + at + ") UPDATE audit_tiles SET event_ids[141] = '00000000-0000-7000-8000-000000000001' WHERE first = 160"},
		"moved to test mode":    {"UPDATE audit_events SET live = false" + at},
		"event deleted":         {"DELETE FROM audit_events" + at},
		"event and leaf":        {"DELETE FROM audit_events" + at, "UPDATE audit_tiles SET event_ids = event_ids[:140] || event_ids[142:], leaf_hashes = overlay(leaf_hashes placing '' from 4481 for 32) WHERE first = 160"},
		"the first tile":        {"DELETE FROM audit_tiles WHERE first = 0"},
		"the first leaf":        {"UPDATE audit_tiles SET event_ids = event_ids[2:], leaf_hashes = substr(leaf_hashes, 33) WHERE first = 0"},
		"slipped in":            {"INSERT INTO audit_events SELECT company_id, live, gen_random_uuid(), 'agent.created', actor, agent_id, subject, data, request_id, created_at FROM audit_events" + at},
		"leaf hash":             {"UPDATE audit_tiles SET leaf_hashes = set_byte(leaf_hashes, 4480, get_byte(leaf_hashes, 4480) # 1) WHERE first = 160"},
		"leaf hash cut":         {"UPDATE audit_tiles SET leaf_hashes = overlay(leaf_hashes placing '' from 4481 for 1) WHERE first = 160"},
		"leaf of the tail":      {"UPDATE audit_runs SET leaf_hashes = sha256(leaf_hashes) || substr(leaf_hashes, 33)"},
		"run gone":              {"DELETE FROM audit_runs"},
		"run twice":             {"INSERT INTO audit_runs SELECT company_id, live, first + 1, types, event_ids, leaf_hashes FROM audit_runs"},
		"leaf sealed twice":     {"UPDATE audit_tiles SET event_ids[141] = event_ids[142] WHERE first = 160"},
		"top of a tile":         {"UPDATE audit_tiles SET top = gen_random_uuid() WHERE first = 160"},
		"lowest id of a tile":   {"UPDATE audit_tiles SET low = top WHERE first = 160"},
		"types of a tile":       {"UPDATE audit_tiles SET types = '{}' WHERE first = 160"},
		"types of a run":        {"UPDATE audit_runs SET types = '{agent.created}'"},
		"stray gone":            {"DELETE FROM audit_strays WHERE position = 300"},
		"stray elsewhere":       {"UPDATE audit_strays SET position = 299 WHERE position = 300"},
		"interior hash":         {"UPDATE audit_hashes SET hash = sha256(hash) WHERE number = (SELECT min(number) FROM audit_hashes)"},
		"interior hash gone":    {"DELETE FROM audit_hashes WHERE number = (SELECT min(number) FROM audit_hashes)"},
		"interior hash more":    {"INSERT INTO audit_hashes SELECT company_id, live, 1, hash FROM audit_hashes LIMIT 1"},
		"hash of a later tree":  {"INSERT INTO audit_hashes SELECT company_id, live, 99999, hash FROM audit_hashes LIMIT 1"},
		"root":                  {"UPDATE audit_heads SET root = sha256(root)"},
		"size up":               {"UPDATE audit_heads SET size = size + 1"},
		"size down":             {"UPDATE audit_heads SET size = size - 1"},
		"head gone":             {"DELETE FROM audit_heads"},
		"sealed event pending":  {"INSERT INTO audit_pending SELECT company_id, live, event_id, ARRAY[event_id] FROM audit_leaves WHERE position = 300"},
		"late one pending":      {"INSERT INTO audit_pending SELECT company_id, live, event_id, ARRAY[event_id] FROM audit_leaves WHERE position = 515"},
		"pending without event": {"INSERT INTO audit_pending SELECT company_id, live, n, ARRAY[n] FROM (SELECT *, gen_random_uuid() AS n FROM audit_heads) h"},
		"positions swapped": {`UPDATE audit_tiles SET event_ids = event_ids[:140] || event_ids[142] || event_ids[141] || event_ids[143:],
			leaf_hashes = overlay(leaf_hashes placing substr(leaf_hashes, 4513, 32) || substr(leaf_hashes, 4481, 32) from 4481) WHERE first = 160`},
		"contents swapped": {"UPDATE audit_events e SET data = o.data FROM audit_events o, audit_leaves le, audit_leaves lo WHERE e.event_id = le.event_id AND o.event_id = lo.event_id AND (le.position, lo.position) IN ((300, 301), (301, 300))"},
		"tail cut":         {"DELETE FROM audit_events WHERE event_id IN (SELECT event_id FROM audit_leaves WHERE position >= 480)", "DELETE FROM audit_runs"},
	}
}

// clear empties the log for the next case.
func (w world) clear() {
	w.t.Helper()
	for _, table := range []string{"audit_events", "audit_pending", "audit_tiles", "audit_strays", "audit_runs", "audit_hashes", "audit_heads"} {
		if err := w.asOwner("DELETE FROM " + table); err != nil && !errors.Is(err, errUnchanged) {
			w.t.Fatal(err)
		}
	}
}

// writeStray writes 520 events, of which the one at 300 was written before the
// first tile was full and committed after.
func (w world) writeStray() {
	w.t.Helper()
	w.write(100)
	early, err := w.app.Begin(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = early.Rollback(context.WithoutCancel(w.t.Context())) }()
	agent := ident.New()
	e := audit.Event{Type: "agent.updated", Agent: &agent, Subject: "x", Data: map[string]any{"amount": "10.00"}}
	if err := audit.Append(w.t.Context(), early, w.tenant, member, e); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond) // ids rise with the milliseconds
	w.write(200)
	w.checkpoint()
	if err := early.Commit(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.checkpoint()
	w.write(219)
}

func TestEveryTamperingIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, statements := range tamperings() {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.clear()
			w.writeStray()
			if c := w.checkpoint(); c.Size != 520 {
				t.Fatalf("sealed %d", c.Size)
			}
			if r := w.verify(); !r.OK || r.Checked != 520 {
				t.Fatalf("before: %+v", r)
			}
			for _, sql := range statements {
				if err := w.asOwner(sql); err != nil {
					t.Fatal(err)
				}
			}
			r := w.verify()
			if r.OK || r.Problem == "" {
				t.Fatalf("not found: %+v", r)
			}
			if r.BadPosition != nil && *r.BadPosition != 300 && *r.BadPosition != 0 && *r.BadPosition < 480 {
				t.Errorf("found at %d: %s", *r.BadPosition, r.Problem)
			}
		})
	}
}

// TestEveryByteOfAnEventCounts changes single characters of each text column.
func TestEveryByteOfAnEventCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(1)
	w.checkpoint()
	for _, column := range []string{"type", "actor", "subject", "request_id"} {
		var length int
		if err := w.owner.QueryRow(t.Context(), "SELECT length("+column+") FROM audit_events").Scan(&length); err != nil {
			t.Fatal(err)
		}
		for i := 1; i <= length; i++ {
			var before string
			if err := w.owner.QueryRow(t.Context(), "SELECT "+column+" FROM audit_events").Scan(&before); err != nil {
				t.Fatal(err)
			}
			change := fmt.Sprintf("UPDATE audit_events SET %s = overlay(%s placing chr(ascii(substr(%s, %d, 1)) # 1) from %d for 1)", column, column, column, i, i)
			if err := w.asOwner(change); err != nil {
				t.Fatal(err)
			}
			if r := w.verify(); r.OK {
				t.Errorf("%s: a change at %d was not found", column, i)
			}
			if err := w.asOwner("UPDATE audit_events SET "+column+" = $1", before); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r := w.verify(); !r.OK {
		t.Errorf("restored, but %+v", r)
	}
}

// TestRewrittenHistoryContradictsAKeptCheckpoint rewrites everything in the
// database so that it is sound in itself, which only a checkpoint that
// somebody kept can contradict.
func TestRewrittenHistoryContradictsAKeptCheckpoint(t *testing.T) {
	t.Parallel()
	reseal := []string{"DELETE FROM audit_tiles", "DELETE FROM audit_strays", "DELETE FROM audit_runs", "DELETE FROM audit_hashes", "DELETE FROM audit_heads",
		"INSERT INTO audit_pending SELECT company_id, live, event_id, ARRAY[event_id] FROM audit_events"}
	for name, statements := range map[string][]string{
		"an event changed": append([]string{"UPDATE audit_events SET actor = 'system'" + at}, reseal...),
		"an event deleted": append([]string{"DELETE FROM audit_events" + at}, reseal...),
		"the tail cut off": append([]string{"DELETE FROM audit_events WHERE event_id IN (SELECT event_id FROM audit_leaves WHERE position >= 500)"}, reseal...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.write(520)
			kept := w.checkpoint()
			for _, sql := range statements {
				if err := w.asOwner(sql); err != nil && !errors.Is(err, errUnchanged) {
					t.Fatal(err)
				}
			}
			if name != "the tail cut off" {
				w.write(5) // as long as before, or longer
			}
			if r := w.verify(); !r.OK {
				t.Fatalf("the rewritten log is not sound in itself: %+v", r)
			}
			p, err := w.log.Consistency(t.Context(), w.tenant, kept.Size)
			if err != nil {
				return // the log is shorter than it was
			}
			if _, _, err := p.Verify(kept.Note, w.keys()); err == nil {
				t.Error("a kept checkpoint fits the rewritten log")
			}
		})
	}
}

// TestBrokenLogIsNotContinued sees that no new head is sealed over tampering.
func TestBrokenLogIsNotContinued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(20)
	before := w.checkpoint()
	if err := w.asOwner("UPDATE audit_runs SET leaf_hashes = overlay(leaf_hashes placing sha256(leaf_hashes) from 609)"); err != nil {
		t.Fatal(err)
	}
	w.write(1)
	if _, err := w.log.Checkpoint(t.Context(), w.tenant); !fault.Is(err, "audit_log_broken") {
		t.Errorf("a head was signed: %v", err)
	}
	if r := w.verify(); r.OK || r.Size != before.Size || r.BadPosition == nil || *r.BadPosition != 19 {
		t.Errorf("%+v", r)
	}
	if records, _, err := w.log.List(t.Context(), w.tenant, audit.Filter{}, nil, 5); err != nil || len(records) != 5 {
		t.Errorf("what is there cannot be read: %v, %v", records, err)
	}
	other := ident.Tenant{Company: ident.New(), Live: true}
	if err := w.append(other, member, audit.Event{Type: "agent.created"}); err != nil {
		t.Fatal(err)
	}
	if err := w.log.SealNow(t.Context(), other); err != nil {
		t.Errorf("another company's log: %v", err)
	}
}
