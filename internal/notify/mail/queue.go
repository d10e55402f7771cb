package mail

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Queue takes messages over at once and delivers them beside requests, so that
// how long an answer takes says nothing about an address or a mail server.
type Queue struct {
	to      Transport
	log     *slog.Logger
	waiting chan Message
	// pauses are the waits between tries.
	pauses []time.Duration
}

const (
	queueLength  = 1000
	queueWorkers = 4
	// drainPatience bounds what is still delivered when the server stops.
	drainPatience = 15 * time.Second
)

// ErrFull says that too many messages wait already.
var ErrFull = errors.New("mail: too many messages are waiting")

// NewQueue makes a queue before a transport. Run it.
func NewQueue(to Transport, log *slog.Logger) *Queue {
	return &Queue{to: to, log: log, waiting: make(chan Message, queueLength),
		pauses: []time.Duration{time.Second, 10 * time.Second}}
}

// Send takes the message over, or fails with ErrFull.
func (q *Queue) Send(_ context.Context, m Message) error {
	select {
	case q.waiting <- m:
		return nil
	default:
		return ErrFull
	}
}

// Run delivers until ctx ends, then what is still waiting, for a while.
func (q *Queue) Run(ctx context.Context) {
	deliver, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(drainPatience, cancel) })
	defer stop()
	var workers sync.WaitGroup
	for range queueWorkers {
		workers.Go(func() { q.work(ctx, deliver) })
	}
	workers.Wait()
}

func (q *Queue) work(ctx, deliver context.Context) {
	for {
		select {
		case m := <-q.waiting:
			q.deliver(ctx, deliver, m)
		case <-ctx.Done():
			select {
			case m := <-q.waiting:
				q.deliver(ctx, deliver, m)
			default:
				return
			}
		}
	}
}

// deliver tries a few times, and only once more when the server is stopping.
// What it logs is the recipient's domain: never the address, nor what the mail
// says.
func (q *Queue) deliver(running, ctx context.Context, m Message) {
	var err error
	for try := 0; ; try++ {
		if err = q.to.Send(ctx, m); err == nil || try == len(q.pauses) || running.Err() != nil {
			break
		}
		select {
		case <-time.After(q.pauses[try]):
		case <-running.Done():
		}
	}
	if err != nil {
		_, domain, _ := strings.Cut(m.To, "@")
		// A server may quote the address in its refusal.
		reason := strings.ReplaceAll(err.Error(), m.To, "(recipient)")
		q.log.Error("a mail could not be delivered", "domain", domain, "error", reason)
	}
}
