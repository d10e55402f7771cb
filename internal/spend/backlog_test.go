package spend_test

import (
	"testing"

	"github.com/getpurser/purser/internal/fault"
)

// TestManyHoldsRunOutAtOnce: more than one transaction can give back. Requests
// are put off, never decided on what has run out, until all of it is free again.
func TestManyHoldsRunOutAtOnce(t *testing.T) {
	t.Parallel()
	const many = 5000 // of 1 minor unit each; a transaction gives back 2,000
	h := newHouse(t)
	h.policy(limitRule(50, "agent"))
	bot := h.agent("bot")
	one := h.authorize(bot, 1)
	h.exec(`INSERT INTO authorizations SELECT (jsonb_populate_record(a, jsonb_build_object('authorization_id', gen_random_uuid()))).*
		FROM authorizations a, generate_series(2, $1) WHERE a.authorization_id = $2`, many, one.Authorization.ID)
	for _, period := range []string{"day", "week", "month", "quarter", "year", "total"} {
		h.exec(`UPDATE meters SET `+period+`_reserved = $1`, int64(many))
	}
	h.exec(`UPDATE authorizations SET expires_at = statement_timestamp()`)
	late := 0
	for {
		r, err := h.gate.Authorize(t.Context(), h.call(), ask(bot, many)) // the whole budget
		if err == nil {
			if r.Authorization.Status != "pending" {
				t.Errorf("decided on what has run out: %s", r.Authorization.ReasonCode)
			}
			break
		}
		if late++; !fault.Is(err, "holds_ending") || late > 3 {
			t.Fatalf("attempt %d: %v", late, err)
		}
	}
	if late == 0 {
		t.Error("all was given back at once")
	}
	b, err := h.gate.Budget(t.Context(), h.tenant, bot, "")
	if err != nil || b[0].Limits[0].Reserved != many {
		t.Errorf("%+v %v", b, err)
	}
}
