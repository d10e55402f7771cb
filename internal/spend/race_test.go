package spend_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/pack"
)

// TestALostRaceForAKey has another process store an Idempotency-Key between the
// gate's look at it and its commit: the answer is the other's, and nothing else
// was done.
func TestALostRaceForAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bot := h.agent("bot")
	h.policy(limitRule(1000, "agent"))
	first := h.authorize(bot, 100)
	other, err := h.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Appendf(nil, `{"id":%q}`, first.Authorization.PublicID())
	if _, err := other.Exec(t.Context(), `INSERT INTO idempotency_keys (company_id, live, key, route, body_hash, status, answer)
		VALUES ($1, $2, 'k', 'POST /v1/authorize', $3, 200, $4)`, h.tenant.Company, h.tenant.Live, make([]byte, 32), pack.Pack(body)); err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(300 * time.Millisecond) // the gate waits for the key by then
		_ = other.Commit(t.Context())
	}()
	r, err := h.gate.Authorize(t.Context(), h.keyed("k"), ask(bot, 50))
	if err != nil || r.Replay == nil || string(r.Replay.Body) != string(body) || r.Token != first.Token {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := h.statuses(); n["pending"] != 1 || len(n) != 1 {
		t.Fatalf("%v", n)
	}
	h.checkMeters()
}
