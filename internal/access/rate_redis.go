package access

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// redisRates counts in Redis: a list of the instants of calls and a set of the
// calls in flight, each with the moment at which it is given up for lost. The
// clock is Redis's own, so that replicas agree.
type redisRates struct {
	client *redis.Client
	window time.Duration
}

const (
	// redisPatience bounds a question to Redis: a slow one is as good as none.
	redisPatience = 250 * time.Millisecond
	// callLease is after how long a call in flight counts as lost with its
	// replica. It is longer than any answer takes.
	callLease = 2 * time.Minute
)

// countCall decides and counts in one step. It answers the verdict, how many
// calls remain, and the microseconds until the oldest leaves the window.
// Numbers are written with %.0f, as Lua would round an instant otherwise.
var countCall = redis.NewScript(`
local calls, flights = KEYS[1], KEYS[2]
local limit, window, most, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local oldest = redis.call('LINDEX', calls, 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', calls)
  oldest = redis.call('LINDEX', calls, 0)
end
local count = redis.call('LLEN', calls)
local reset = 0
if oldest then reset = tonumber(oldest) + window - now end
redis.call('ZREMRANGEBYSCORE', flights, '-inf', string.format('%.0f', now))
if redis.call('ZCARD', flights) >= most then
  return {2, math.max(0, limit - count), reset}
end
if count >= limit then return {1, 0, reset} end
redis.call('RPUSH', calls, string.format('%.0f', now))
redis.call('PEXPIRE', calls, math.ceil(window / 1000) + 1000)
redis.call('ZADD', flights, string.format('%.0f', now + lease), ARGV[4])
redis.call('PEXPIRE', flights, math.ceil(lease / 1000) + 1000)
if not oldest then reset = window end
return {0, limit - count - 1, reset}
`)

func (r *redisRates) count(ctx context.Context, name string, l Limits) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	// The braces keep both keys on one node of a cluster.
	calls, flights := "purser:calls:{"+name+"}", "purser:flights:{"+name+"}"
	call := uuid.NewString()
	answer, err := countCall.Run(ctx, r.client, []string{calls, flights},
		l.PerMinute, r.window.Microseconds(), l.InFlight, call, callLease.Microseconds()).Int64Slice()
	if err != nil {
		return verdict{}, err
	}
	if len(answer) != 3 {
		return verdict{}, fmt.Errorf("redis answered %d numbers", len(answer))
	}
	return verdict{refused: refusal(answer[0]), remaining: int(answer[1]),
		reset: time.Duration(answer[2]) * time.Microsecond, release: r.release(flights, call)}, nil
}

// release takes the call out of what is in flight. If Redis is away just then,
// the lease ends it.
func (r *redisRates) release(flights, call string) func() {
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), redisPatience)
		defer cancel()
		_ = r.client.ZRem(ctx, flights, call).Err()
	}
}
