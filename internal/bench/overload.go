package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// sockets is how many connections an overload comes over: more than the server
// can answer in its patience is not of use, fewer would hide the waiting.
const sockets = 2000

// hopeless is when a client gives up.
const hopeless = 2 * time.Second

const (
	atPeak    = "authorize, many agents, at its peak"
	twicePeak = "authorize, many agents, twice its peak"
)

// refusals are what became of requests above what the server can take.
// Latencies are in milliseconds, from when a request was due.
type refusals struct {
	Offered int64 `json:"offered"`
	Good    int64 `json:"good"`
	Refused int64 `json:"refused"`
	// Unknown are the refused whose outcome the server did not know.
	Unknown int64 `json:"unknown"`
	// TimedOut had no answer within two seconds, Broken an error of the
	// connection.
	TimedOut int64   `json:"timed_out"`
	Broken   int64   `json:"broken"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	// Goodput is what was approved ÷ the peak, Peak what that was, a second.
	Goodput float64 `json:"goodput"`
	Peak    float64 `json:"peak"`
	// Highest is the server's memory at its highest, in MiB.
	Highest float64 `json:"resident_highest_mib"`
}

// overload is the section of what happens above the server's peak.
func (b *bench) overload(ctx context.Context) error {
	s, err := b.serveOn(ctx, "overload", es, b.Agents)
	if err != nil {
		return err
	}
	var peak float64
	does := s.authorizing(s.careful, spread(b.Agents))
	b.add(&cell{Case: atPeak, Algorithm: es, Connections: openClients, run: func(ctx context.Context) (sample, error) {
		out, err := b.closed(ctx, s, openClients, does)
		peak = out.Rate
		return out, err
	}})
	b.add(&cell{Case: twicePeak, Algorithm: es, Connections: sockets, run: func(ctx context.Context) (sample, error) {
		forgetHighest(s.command.Process.Pid)
		out, err := b.measure(ctx, s, func() (load, error) { return s.flood(ctx, 2*peak, b.floodFor()) })
		if err != nil {
			return out, err
		}
		r := out.Refused
		r.Peak, r.Goodput = peak, out.Rate/peak
		_, r.Highest = residentOf(s.command.Process.Pid)
		say("  offered %d, good %d (%.2f of the peak), refused %d (p50 %.1f, p99 %.1f ms; unknown %d), timed out %d, broken %d; memory %.0f MiB",
			r.Offered, r.Good, r.Goodput, r.Refused, r.P50, r.P99, r.Unknown, r.TimedOut, r.Broken, r.Highest)
		return out, nil
	}})
	return nil
}

// floodFor is long enough for every queue to fill.
func (b *bench) floodFor() time.Duration {
	if b.Short {
		return max(b.length(), time.Second)
	}
	return max(b.length(), 3*time.Second)
}

// fate is what became of one request.
type fate int

const (
	good fate = iota
	refused
	unknown
	timedOut
	broken
	fates
)

// flooder is one client of a flood. Its connection is renewed when it breaks.
type flooder struct {
	*conn
	request
	address string
	dice    func() int
	took    [fates][]time.Duration
}

// flood sends requests at a fixed rate, whatever becomes of them.
func (s *server) flood(ctx context.Context, rate float64, length time.Duration) (load, error) {
	total := int(length.Seconds() * rate)
	flooders, err := s.flooders(min(sockets, total))
	if err != nil {
		return load{}, err
	}
	arrivals := make(chan time.Time, total)
	began := time.Now()
	go arrive(ctx, arrivals, began, time.Duration(float64(time.Second)/rate), total)
	var wait sync.WaitGroup
	failures := make([]error, len(flooders))
	for i, f := range flooders {
		wait.Go(func() {
			defer func() { _ = f.Close() }() // its last answer was read
			for due := range arrivals {
				if failures[i] = f.ask(s, due); failures[i] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	l, err := gather(flooders, time.Since(began), int64(total))
	if err = errors.Join(firstOf(failures), err); err != nil {
		return l, err
	}
	return l, s.reckon(ctx, l.refused)
}

func (s *server) flooders(n int) ([]*flooder, error) {
	list := make([]*flooder, n)
	who := spread(s.careful.agents)
	for i := range list {
		c, err := dial(s.address)
		if err != nil {
			return nil, err
		}
		random := dice(i)
		list[i] = &flooder{conn: c, request: newRequest(s.careful.secret(i), "POST", "/v1/authorize", spending), address: s.address,
			dice: func() int { return who(random) }}
	}
	return list, nil
}

// ask sends one request and sorts the answer. One that is neither an approval
// nor a refusal as it should be ends the run.
func (f *flooder) ask(s *server, due time.Time) error {
	f.fresh(&s.tally.keys)
	f.of(f.dice())
	if err := f.SetDeadline(time.Now().Add(hopeless)); err != nil {
		return err
	}
	a, err := f.do(f.text)
	became, wrong := sort(a, err)
	if wrong != nil {
		return wrong
	}
	f.took[became] = append(f.took[became], time.Since(due))
	if became == good {
		s.tally.approved.Add(1)
	}
	if became != timedOut && became != broken {
		return nil
	}
	_ = f.Close() // it is of no use any more
	f.conn, err = dial(f.address)
	return err
}

func sort(a answer, err error) (fate, error) {
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		return timedOut, nil
	case err != nil:
		return broken, nil
	case expect(a, nil, sayApproved, sayToken) == nil:
		return good, nil
	case a.status != 503 && a.status != 429 || !a.later:
		return broken, fmt.Errorf("an unexpected answer (wanted an approval, or 503 or 429 with Retry-After): %d %s", a.status, a.body)
	case bytes.Contains(a.body, []byte(`"outcome_unknown"`)):
		return unknown, nil
	}
	return refused, nil
}

// gather adds up what all saw. The load's latencies are those of what was good.
func gather(flooders []*flooder, length time.Duration, offered int64) (load, error) {
	l := load{latency: newHistogram(), length: length, refused: &refusals{Offered: offered}}
	var counts [fates]int64
	late := newHistogram()
	for _, f := range flooders {
		for became, took := range f.took {
			counts[became] += int64(len(took))
		}
		for _, d := range f.took[good] {
			if err := record(l.latency, d); err != nil {
				return l, err
			}
		}
		for _, d := range slices.Concat(f.took[refused], f.took[unknown]) {
			if err := record(late, d); err != nil {
				return l, err
			}
		}
	}
	r := l.refused
	r.Good, r.Refused, r.Unknown, r.TimedOut, r.Broken = counts[good], counts[refused]+counts[unknown], counts[unknown], counts[timedOut], counts[broken]
	r.P50, r.P99 = float64(late.ValueAtQuantile(50))/1000, float64(late.ValueAtQuantile(99))/1000
	l.done = r.Good
	return l, nil
}

// reckon counts as approved what was, among the answers that left it open.
func (s *server) reckon(ctx context.Context, r *refusals) error {
	open := r.Unknown + r.TimedOut + r.Broken
	if open == 0 {
		return nil
	}
	time.Sleep(6 * time.Second) // longer than any transaction of the gate
	var stored int64
	if err := s.db.QueryRow(ctx, "SELECT count(*) FROM authorizations WHERE status <> 'denied' AND "+s.mine()).Scan(&stored); err != nil {
		return err
	}
	if more := stored - s.tally.approved.Load(); more > 0 && more <= open {
		s.tally.approved.Add(more)
	}
	return nil // anything else, the audit finds
}

// forgetHighest has Linux begin anew with a process's highest memory.
func forgetHighest(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o200) // elsewhere the highest is the run's
}
