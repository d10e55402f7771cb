package audit

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

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
