package web

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// mostServerTime is what the median visit of a page may take the server.
const mostServerTime = 50 * time.Millisecond

// exempt are pages whose work grows with what they are asked for, and that tell
// how far they are.
var exempt = map[string]string{
	"/authorizations/export": "every row", "/audit/export": "every event", "/audit/verify/report": "every event", "/audit/verify/run": "every event",
	"/authorizations/sums": "every row that is found; the list comes before it",
}

// mostOfADocument is how large a page may be, in bytes.
const mostOfADocument = 100_000

// TestSpeedOfPages measures each page of the demo company times ten, as its
// owner: the server's time from the request to the last byte, one at a time.
// PAGES_OUT is the file that the table goes to; without it nothing is measured,
// since other tests would be measured with it.
func TestSpeedOfPages(t *testing.T) {
	out := os.Getenv("PAGES_OUT")
	if out == "" {
		return
	}
	w, filled := newDemo(t)
	company := filled.Company.Company
	w.multiply(company, 10)
	w.settle()
	owner := w.signIn("owner@demo.test")
	things := w.some(owner, true)
	var table strings.Builder
	fmt.Fprintf(&table, "%d agents, %d authorizations, %d approvals, %d audit events\n\n| page | median | p95 | document |\n|---|---:|---:|---:|\n",
		w.count("agents", company), w.count("authorizations", company), w.count("approvals", company), w.count("audit_events", company))
	for _, r := range w.web.routes() {
		if r.method != http.MethodGet || !r.live || r.who != member {
			continue
		}
		address := r.at(t, things) + queries[r.path]
		a := owner.get(address)
		if a.streams() || a.status != http.StatusOK {
			continue
		}
		median, late := w.timed(owner, address)
		fmt.Fprintf(&table, "| `%s` | %.1f ms | %.1f ms | %d kB |\n", r.path, milliseconds(median), milliseconds(late), len(a.body)/1000)
		if median > mostServerTime && exempt[r.path] == "" {
			t.Errorf("%s takes %v", r.path, median)
		}
		if len(a.body) > mostOfADocument && exempt[r.path] == "" {
			t.Errorf("%s has %d bytes", r.path, len(a.body))
		}
	}
	w.must(os.WriteFile(out, []byte(table.String()), 0o644))
	t.Log("\n" + table.String())
}

// settle waits until the log's copies have their positions, and has PostgreSQL
// know its tables, as it does by itself after a while.
func (w *world) settle() {
	w.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		var left int
		w.must(w.pool.QueryRow(w.t.Context(), "SELECT count(*) FROM audit_pending").Scan(&left))
		if left == 0 {
			break
		}
	}
	conn, err := w.pool.Acquire(w.t.Context())
	w.must(err)
	defer conn.Release()
	for _, sql := range []string{"SET ROLE NONE", "VACUUM ANALYZE", "RESET ROLE"} {
		_, err := conn.Exec(w.t.Context(), sql)
		w.must(err)
	}
}

// timed asks for a page again and again and gives the median and the 95th
// percentile of the time.
func (w *world) timed(b *browser, address string) (median, late time.Duration) {
	w.t.Helper()
	const warm, rounds, longest = 3, 41, 20 * time.Second
	var took []time.Duration
	begun := time.Now()
	for i := 0; i < warm+rounds && (time.Since(begun) < longest || len(took) < 3); i++ {
		start := time.Now()
		b.get(address)
		if i >= warm {
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*95/100]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
