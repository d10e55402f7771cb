package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// pingPatience is how long a connection that was silent may take to answer: more
// than a slow network takes, less than a caller waits.
const pingPatience = time.Second

// giveBack returns a connection to the pool. One that broke says something about
// the others: they may lead to the same server, which may be gone without a word.
func (p *Pool) giveBack(conn *pgxpool.Conn) {
	if release(conn) && p.suspecting.CompareAndSwap(false, true) {
		go p.suspect()
	}
}

// release gives a connection back, or takes it out of the pool when it broke, and
// reports whether it did. pgx tries for 15 s to tell the server that a broken one
// is to be ended; nobody is to wait that long for its place.
func release(conn *pgxpool.Conn) (broken bool) {
	if broken = conn.Conn().IsClosed(); broken {
		conn.Hijack() // it closes itself
		return broken
	}
	conn.Release()
	return broken
}

// suspect asks every idle connection whether it still leads anywhere, all at
// once, and drops those that do not answer. Otherwise each of them would cost
// somebody a request.
func (p *Pool) suspect() {
	defer p.suspecting.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), pingPatience)
	defer cancel()
	idle := p.AcquireAllIdle(ctx)
	done := make(chan struct{})
	for _, conn := range idle {
		go func() {
			_ = conn.Ping(ctx) // it closes a connection that does not answer
			release(conn)
			done <- struct{}{}
		}()
	}
	for range idle {
		<-done
	}
}
