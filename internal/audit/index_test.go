package audit_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// scatter writes sealings of any size, of events of now, of a while ago, of long
// ago and of tomorrow.
func (w world) scatter(dice *rand.Rand, n int) {
	w.t.Helper()
	now := time.Now()
	for written := 0; written < n; {
		var entries []audit.Entry
		for range []int{1, 3, 40, 170, 350}[dice.IntN(5)] {
			age := []time.Duration{0, time.Second, time.Hour, 1000 * time.Hour, -24 * time.Hour}[dice.IntN(5)]
			at := now.Add(-time.Duration(dice.Float64() * float64(age))).UTC().Truncate(time.Microsecond)
			kind := []string{"agent.created", "agent.frozen", "card.created"}[dice.IntN(3)]
			if len(entries)%50 > 0 { // most are like the one before
				kind, at = entries[len(entries)-1].Type, entries[len(entries)-1].At.Add(time.Millisecond)
			}
			entries = append(entries, audit.Entry{Tenant: w.tenant, Actor: member, At: at, Event: audit.Event{Type: kind}})
		}
		written += len(entries)
		if known := w.appendBatch(entries); dice.IntN(2) == 0 {
			w.log.Remember(known)
		}
		w.checkpoint()
	}
}

func (w world) appendBatch(entries []audit.Entry) (written audit.Written) {
	w.t.Helper()
	err := w.app.InTx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		written, err = audit.AppendBatch(ctx, tx, entries)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return written
}

func (w world) after(f audit.Filter) []proof.Record {
	w.t.Helper()
	records, err := w.log.After(w.t.Context(), w.tenant, f, -1, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return records
}

// TestEventsAreFoundWhateverTheirTime: by id, by time and by type, an event is
// found where it is, however its position fits its time.
func TestEventsAreFoundWhateverTheirTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dice := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	w.scatter(dice, 2500)
	all := w.after(audit.Filter{})
	if r := w.verify(); !r.OK || r.Checked != int64(len(all)) {
		t.Fatalf("%d events: %+v", len(all), r)
	}
	if strays := w.strays(); strays == 0 {
		t.Error("none was late")
	}
	for i, r := range all {
		if i%7 > 0 {
			continue
		}
		id, _ := ident.Parse(ident.Event, r.ID)
		if p, err := w.log.Proof(t.Context(), w.tenant, id); err != nil || p.Position != r.Position {
			t.Fatalf("%s at %d: at %d, %v", r.ID, r.Position, p.Position, err)
		}
		id[15] ^= 1
		if _, err := w.log.Proof(t.Context(), w.tenant, id); !fault.Is(err, "not_found") {
			t.Fatalf("an event that is none: %v", err)
		}
	}
	for range 40 {
		from, to := all[dice.IntN(len(all))].At, all[dice.IntN(len(all))].At
		for _, f := range []audit.Filter{{From: &from}, {To: &to}, {From: &from, To: &to}, {Type: all[0].Type, To: &to}, {Type: "agent.*", From: &from}} {
			want := pick(all, f)
			got := w.after(f)
			if len(got) != len(want) {
				t.Fatalf("from %v to %v %s: %d, want %d", f.From, f.To, f.Type, len(got), len(want))
			}
		}
	}
}

func (w world) strays() (n int) {
	w.t.Helper()
	if err := w.app.QueryRow(w.t.Context(), "SELECT count(*) FROM audit_strays").Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// pick is the filter by looking at all.
func pick(all []proof.Record, f audit.Filter) (out []proof.Record) {
	for _, r := range all {
		if (f.From == nil || !r.At.Before(*f.From)) && (f.To == nil || r.At.Before(*f.To)) &&
			(f.Type == "" || audit.Types{f.Type}.Pick(r.Type)) {
			out = append(out, r)
		}
	}
	return out
}
