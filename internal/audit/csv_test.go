package audit

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestPlainCellsStayAsTheyAre(t *testing.T) {
	for _, s := range []string{"", "12", "-12.50", "+3", "agent.created", "a=b", "a - b", `{"amount":"-5.00"}`, "2026-03-01T12:00:00.5Z", "x;y"} {
		if got := safeCell(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for s, want := range map[string]string{"-1+1": "'-1+1", "-": "'-", "=1": "'=1", "-1.2.3": "'-1.2.3", "x;=1": "x;'=1"} {
		if got := safeCell(s); got != want {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestIDsOfOneMomentRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ids eventIDs
		var last uuid.UUID
		at := rapid.Custom(anyMoment).Draw(t, "at")
		for range rapid.IntRange(1, 200).Draw(t, "n") {
			id := ids.next(at)
			if id.String() <= last.String() || id.Version() != 7 {
				t.Fatalf("%s after %s", id, last)
			}
			last = id
		}
	})
}

func anyMoment(t *rapid.T) time.Time {
	return time.UnixMilli(rapid.Int64Range(1, 1<<45).Draw(t, "ms"))
}
