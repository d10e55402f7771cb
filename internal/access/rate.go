package access

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// The limits of a credential that has none of its own, and the window that
// they count in.
const (
	defaultPerMinute = 1000
	defaultInFlight  = 100
	defaultWindow    = time.Minute
)

// Admission is what a call was told about its credential's limits, for the
// RateLimit headers of any answer, a refusal included.
type Admission struct {
	Limit, Remaining int
	// Reset is how long until one more call than Remaining is possible.
	Reset time.Duration
	// Release ends the call's part in what is in flight: when it is answered,
	// or begins to wait or to stream. Calling it again does nothing.
	Release func()
}

// Admit counts a call of the principal. Too many in a minute is RateLimited:
// rate_limited, too many at the same time RateLimited: too_many_in_flight; the
// admission is filled in either case.
func (a *Access) Admit(ctx context.Context, p Principal) (Admission, error) {
	return a.rates.admit(ctx, p.rateName(), p.Limits)
}

// rateName is what a principal's calls are counted under.
func (p Principal) rateName() string {
	switch {
	case p.Kind == ByKey:
		return ident.Format(ident.Key, p.Key)
	case p.ClerkSession != "":
		return "clerk_" + p.ClerkSession
	default:
		return ident.Format(ident.Session, p.Session)
	}
}

// verdict is what a counter says about one call.
type verdict struct {
	// refused is empty for a call that may go on.
	refused   refusal
	remaining int
	reset     time.Duration
	// release gives the call's place in flight back.
	release func()
}

type refusal int

const (
	admitted refusal = iota
	tooFast
	tooMany
)

// rates counts in Redis for all replicas when there is one that answers, and
// in this process otherwise.
type rates struct {
	local *slidingLogs
	redis *redisRates
	log   *slog.Logger
	// skipUntil spares Redis, and calls their wait for it, after a failure.
	skipUntil atomic.Int64
	warnedAt  atomic.Int64
}

const (
	redisPause = time.Second
	warnGap    = 10 * time.Second
)

func newRates(client *redis.Client, window time.Duration, log *slog.Logger) *rates {
	r := &rates{local: newSlidingLogs(window), log: log}
	if client != nil {
		r.redis = &redisRates{client: client, window: window}
	}
	return r
}

func (r *rates) sweep() { r.local.sweep() }

func (r *rates) admit(ctx context.Context, name string, l Limits) (Admission, error) {
	l = Limits{PerMinute: orElse(l.PerMinute, defaultPerMinute), InFlight: orElse(l.InFlight, defaultInFlight)}
	v := r.count(ctx, name, l)
	out := Admission{Limit: l.PerMinute, Remaining: v.remaining, Reset: v.reset, Release: func() {}}
	switch v.refused {
	case tooFast:
		return out, fault.New(fault.RateLimited, "rate_limited",
			"This credential may call %d times in a minute.", l.PerMinute).After(v.reset)
	case tooMany:
		return out, fault.New(fault.RateLimited, "too_many_in_flight",
			"This credential may have %d calls at the same time.", l.InFlight).After(time.Second)
	}
	var released atomic.Bool
	out.Release = func() {
		if released.CompareAndSwap(false, true) {
			v.release()
		}
	}
	return out, nil
}

func (r *rates) count(ctx context.Context, name string, l Limits) verdict {
	now := time.Now().UnixMilli()
	if r.redis == nil || now < r.skipUntil.Load() {
		return r.inProcess(name, l)
	}
	v, err := r.redis.count(ctx, name, l)
	if err == nil {
		return v
	}
	if ctx.Err() == nil {
		r.skipUntil.Store(now + redisPause.Milliseconds())
		if last := r.warnedAt.Load(); now-last > warnGap.Milliseconds() && r.warnedAt.CompareAndSwap(last, now) {
			r.log.Warn("Redis does not answer; calls are counted in this process alone", "error", err)
		}
	}
	return r.inProcess(name, l)
}

func (r *rates) inProcess(name string, l Limits) (v verdict) {
	r.local.with(name, func(e *eventLog, now time.Duration) {
		if e.inFlight >= l.InFlight {
			v = verdict{refused: tooMany, remaining: max(0, l.PerMinute-e.count()), reset: e.reset(now, r.local.window)}
			return
		}
		var ok bool
		if ok, v.remaining, v.reset = e.take(l.PerMinute, now, r.local.window); !ok {
			v.refused = tooFast
			return
		}
		e.inFlight++
		v.release = func() { r.local.with(name, func(e *eventLog, _ time.Duration) { e.inFlight-- }) }
	})
	return v
}
