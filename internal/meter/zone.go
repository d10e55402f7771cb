package meter

import (
	"path"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the zones must not depend on the machine

	"github.com/getpurser/purser/internal/fault"
)

// zones remembers loaded zones by name, and byLocation the last window that
// was computed in each. Both only remember what is the same every time; they
// hold at most one entry for each zone of the database.
var (
	zones      sync.Map // string → *time.Location
	byLocation sync.Map // *time.Location → *[Count]memo
)

// LoadZone gives the zone of an IANA name such as Europe/Berlin, from the
// embedded database. The fault is Invalid at "time_zone": unknown_time_zone,
// also for "" and "Local", which mean the machine's zone to Go.
func LoadZone(name string) (*time.Location, error) {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), nil
	}
	// Europe//Berlin would be found as well, by endlessly many such names, which
	// would all be remembered.
	if name == "" || name == "Local" || name != path.Clean(name) {
		return nil, unknownZone()
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, unknownZone()
	}
	kept, _ := zones.LoadOrStore(name, loc)
	byLocation.LoadOrStore(kept, new([Count]memo))
	return kept.(*time.Location), nil
}

func unknownZone() error {
	return fault.BadField("time_zone", "unknown_time_zone", "This is not a time zone of the IANA database, such as Europe/Berlin.")
}

// memo holds the window that was asked for last. A nil memo holds nothing.
type memo struct{ last atomic.Pointer[Window] }

func memoOf(loc *time.Location, p Period) *memo {
	memos, ok := byLocation.Load(loc)
	if i := p.Index(); ok && i >= 0 {
		return &memos.(*[Count]memo)[i]
	}
	return nil
}

func (m *memo) get(at time.Time) (Window, bool) {
	if m == nil {
		return Window{}, false
	}
	w := m.last.Load()
	if w == nil || !w.Contains(at) {
		return Window{}, false
	}
	return *w, true
}

func (m *memo) put(w Window) {
	if m != nil {
		m.last.Store(&w)
	}
}
