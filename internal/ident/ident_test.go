package ident

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		got, ok := Parse(Agent, Format(Agent, id))
		if !ok || got != id {
			t.Fatalf("%v became %v (%v)", id, got, ok)
		}
	})
}

func TestKnownEncoding(t *testing.T) {
	// From the TypeID specification's test vectors.
	id := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	if got := Format("prefix", id); got != "prefix_01h455vb4pex5vsknk084sn02q" {
		t.Fatalf("got %s", got)
	}
}

func TestSortsByTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a, b := Format(Agent, At(at)), Format(Agent, At(at.Add(time.Millisecond)))
	if a >= b {
		t.Fatalf("%s is not before %s", a, b)
	}
	if a, b := Format(Agent, At(at)), Format(Agent, At(at.Add(time.Microsecond))); a >= b {
		t.Fatalf("%s is not before %s", a, b)
	}
	if f := Format(Agent, Floor(at)); f > a {
		t.Fatalf("floor %s is above %s", f, a)
	}
	if v := At(at).Version(); v != 7 {
		t.Fatalf("version %d", v)
	}
}

func TestParseRefuses(t *testing.T) {
	good := Format(Agent, New())
	for _, s := range []string{"", "agent_", "procurement_bot", "agent_procurement_bot", good + "0",
		"pol_" + good[6:], "agent_8" + good[7:], "agent_" + "I" + good[7:], "AGENT_" + good[6:]} {
		if Shaped(Agent, s) {
			t.Errorf("%q was taken for an id", s)
		}
	}
	for s, like := range map[string]bool{good: true, "pol_" + good[6:]: true, "agent_u" + good[7:]: true, "agent_z" + good[7:]: true,
		good + "0": false, good[:31]: false, "bot_" + good[6:]: false, "agent_procurement_bot": false, "agent_a_" + good[8:]: false} {
		if LikeID(s) != like {
			t.Errorf("%q: %v", s, !like)
		}
	}
	if !Shaped(Agent, good) {
		t.Errorf("%q was not taken", good)
	}
}
