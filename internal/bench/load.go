package main

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// op does one thing once: a request, or a few that belong together. It belongs
// to one connection.
type op func() error

// maker gives a connection what it does again and again.
type maker func(c *conn, client int) op

// load is what some clients did: how long each op took, in microseconds, how
// many were done, and how long it went on.
type load struct {
	latency *histogram
	done    int64
	length  time.Duration
	// shares are how many each client did.
	shares []int64
	// refused is set where refusals are part of the case.
	refused *refusals
}

// histogram counts microseconds.
type histogram = hdrhistogram.Histogram

// newHistogram holds up to a minute, to three digits.
func newHistogram() *histogram { return hdrhistogram.New(1, 60_000_000, 3) }

func record(h *histogram, d time.Duration) error {
	return h.RecordValue(max(1, min(d.Microseconds(), 60_000_000)))
}

// clients runs one goroutine a connection, each with its own histogram, and adds
// those up. The first failure is the result. Of several addresses, with commas
// between, each gets as many clients.
func clients(address string, n int, does maker, work func(client int, do op, h *histogram) error) (load, error) {
	ops, addresses := make([]op, n), strings.Split(address, ",")
	for i := range ops {
		c, err := dial(addresses[i%len(addresses)])
		if err != nil {
			return load{}, err
		}
		defer func() { _ = c.Close() }() // its last answer was read
		ops[i] = does(c, i)
	}
	histograms, failures := make([]*histogram, n), make([]error, n)
	var wait sync.WaitGroup
	began := time.Now()
	for i := range ops {
		histograms[i] = newHistogram()
		wait.Go(func() { failures[i] = work(i, ops[i], histograms[i]) })
	}
	wait.Wait()
	done := load{latency: newHistogram(), length: time.Since(began)}
	for _, h := range histograms {
		done.latency.Merge(h)
		done.shares = append(done.shares, h.TotalCount())
	}
	done.done = done.latency.TotalCount()
	return done, firstOf(failures)
}

// firstOf is one failure of many, which mostly say the same.
func firstOf(failures []error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// closed has every client ask again as soon as it is answered.
func closed(ctx context.Context, address string, n int, length time.Duration, does maker) (load, error) {
	end := time.Now().Add(length)
	return clients(address, n, does, func(_ int, do op, h *histogram) error {
		for time.Now().Before(end) && ctx.Err() == nil {
			if err := timed(h, 1, do); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// timed does a thing a number of times.
func timed(h *histogram, n int, do op) error {
	for last := time.Now(); n > 0; n-- {
		if err := do(); err != nil {
			return err
		}
		now := time.Now()
		if err := record(h, now.Sub(last)); err != nil {
			return err
		}
		last = now
	}
	return nil
}

// opened has requests arrive at a fixed rate, whatever becomes of them, and
// counts each one's time from the moment that it was due. What was never sent,
// a second after the end, counts with the time that it waited.
func opened(ctx context.Context, address string, n, rate int, length time.Duration, does maker) (load, error) {
	total := int(length.Seconds() * float64(rate))
	arrivals := make(chan time.Time, total)
	began := time.Now()
	go arrive(ctx, arrivals, began, time.Second/time.Duration(rate), total)
	end, lost := began.Add(length+time.Second), atomic.Int64{}
	done, err := clients(address, n, does, func(_ int, do op, h *histogram) error {
		for due := range arrivals {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if time.Now().After(end) {
				lost.Add(1)
			} else if err := do(); err != nil {
				return err
			}
			if err := record(h, time.Since(due)); err != nil {
				return err
			}
		}
		return nil
	})
	done.done -= lost.Load()
	return done, err
}

// arrive sends the moments at which requests are due.
func arrive(ctx context.Context, arrivals chan<- time.Time, began time.Time, every time.Duration, total int) {
	runtime.LockOSThread() // pause sleeps in the kernel
	defer runtime.UnlockOSThread()
	defer close(arrivals)
	for i := range total {
		due := began.Add(time.Duration(i) * every)
		for wait := time.Until(due); wait > 0 && ctx.Err() == nil; wait = time.Until(due) {
			pause(wait)
		}
		arrivals <- due // there is room for all
	}
}
