package spend_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/spend"
)

// spent30 is what a report says was confirmed in 30 days, in all currencies.
func (h *house) spent30() (sum int64) {
	h.t.Helper()
	d, err := h.gate.Daily(h.t.Context(), h.tenant, spend.DailyQuery{Days: 30, Agents: 3})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range d.Currencies {
		for _, minor := range c.Total {
			sum += minor
		}
	}
	return sum
}

// happened writes an event about an authorization.
func (h *house) happened(id uuid.UUID, kind string) {
	h.t.Helper()
	err := h.pool.InTx(h.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		return audit.Append(ctx, tx, h.tenant, audit.System(), audit.Event{Type: kind, Subject: ident.Format(ident.Authorization, id)})
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestWhatIsRememberedIsForgotten: a report is right again when something
// happened to a request of long ago, before the event has a position and after.
func TestWhatIsRememberedIsForgotten(t *testing.T) {
	t.Parallel()
	h, _ := berlin(t)
	log := audit.New(h.pool, nil, slog.New(slog.DiscardHandler))
	list := h.all(spend.Filter{Status: spend.Confirmed, To: time.Now().Add(-3 * 24 * time.Hour), From: time.Now().Add(-25 * 24 * time.Hour)})
	before := h.spent30()
	for i, a := range list[:20] {
		h.exec("UPDATE authorizations SET amount = amount + 1000 WHERE authorization_id = $1", a.ID)
		if i == 0 && h.spent30() != before {
			t.Error("the past is read again each time")
		}
		h.happened(a.ID, "authorization.confirmed")
		if rand.IntN(2) == 0 {
			if err := log.SealNow(t.Context(), h.tenant); err != nil {
				t.Fatal(err)
			}
		}
		for range 1 + rand.IntN(2) {
			if got := h.spent30(); got != before+1000 {
				t.Fatalf("change %d: %d, want %d", i, got, before+1000)
			}
		}
		before += 1000
	}
	h.exec("UPDATE authorizations SET amount = amount + 1000 WHERE authorization_id = $1", list[3].ID)
	for range 5001 {
		h.happened(uuid.Max, "authorization.confirmed")
	}
	if got := h.spent30(); got != before+1000 {
		t.Errorf("after more than can be looked at: %d, want %d", got, before+1000)
	}
}

// TestStretchesTile: whatever the window, its stretches lie side by side and
// none crosses midnight, so that days add up.
func TestStretchesTile(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"} {
		loc, err := meter.LoadZone(zone)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			now := time.Unix(1_700_000_000+rand.Int64N(60_000_000), rand.Int64N(1e9))
			w := meter.Window{From: now.Add(-time.Duration(rand.Int64N(int64(60 * 24 * time.Hour))))}
			if rand.IntN(2) == 0 {
				w.To = w.From.Add(1 + time.Duration(rand.Int64N(int64(80*24*time.Hour))))
			}
			at, lasting := w.From, 0
			for _, s := range spend.Stretches(w, now, loc) {
				if !s.From.Equal(at) || !s.To.After(s.From) {
					t.Fatalf("%s: %v after %v", zone, s, at)
				}
				if s.Lasting {
					lasting++
					if s.To.After(now) || meter.Day.Window(s.From, loc).To.Before(s.To) {
						t.Fatalf("%s at %v: %v is kept", zone, now, s)
					}
				}
				at = s.To
			}
			if w.To.IsZero() && at.Year() != 9999 || !w.To.IsZero() && !at.Equal(w.To) {
				t.Fatalf("%s: %v ends at %v", zone, w, at)
			}
			if w.To.IsZero() && now.Sub(w.From) > 72*time.Hour && lasting < int(now.Sub(w.From)/(25*time.Hour))-1 {
				t.Fatalf("%s: of %v only %d are kept", zone, now.Sub(w.From), lasting)
			}
		}
	}
}
