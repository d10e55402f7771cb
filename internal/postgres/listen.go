package postgres

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
)

// Listen calls fn with the payload of each notification on the channel until
// ctx ends, over a connection of its own that it renews when it is lost. After
// each (re)connection it calls fn with an empty payload, since notifications
// may have been missed. Listening only hurries things along: a notification
// may never come, and no decision may depend on one.
func (p *Pool) Listen(ctx context.Context, channel string, fn func(payload string)) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 100*time.Millisecond, 10*time.Second
	for ctx.Err() == nil {
		if p.listenOnce(ctx, channel, fn) {
			waits.Reset()
		}
		select {
		case <-ctx.Done():
		case <-time.After(waits.NextBackOff()):
		}
	}
}

// listenOnce listens until the connection is lost, and reports whether it ever
// stood.
func (p *Pool) listenOnce(ctx context.Context, channel string, fn func(string)) bool {
	conn, err := pgx.ConnectConfig(ctx, p.Config().ConnConfig)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return false
	}
	fn("")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		fn(n.Payload)
	}
}
