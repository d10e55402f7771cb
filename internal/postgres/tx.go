package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// maxTries bounds how often a transaction runs when the server rolls it
	// back for a deadlock or a serialization conflict.
	maxTries = 6
	// commitPatience bounds the wait for COMMIT, whether or not the caller has
	// gone, and rollbackPatience that for ROLLBACK: then the connection is
	// dropped, which rolls back as well.
	commitPatience, rollbackPatience = 5 * time.Second, time.Second
)

// InTx runs fn in one READ COMMITTED transaction and commits it when fn returns
// nil. After a deadlock or a serialization conflict it runs fn again, so fn
// must have no effect outside the transaction. Errors are faults where
// PostgreSQL or the way to it is at fault, and fn's own otherwise.
func (p *Pool) InTx(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return p.InTxOptions(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn)
}

// InTxOptions is InTx with another isolation level or access mode.
func (p *Pool) InTxOptions(ctx context.Context, o pgx.TxOptions, fn func(context.Context, pgx.Tx) error) error {
	return repeat(ctx, func() error { return p.once(ctx, o, fn) })
}

// repeat runs a transaction until it was not rolled back for a reason that may
// be gone the next time.
func repeat(ctx context.Context, try func() error) error {
	err := try()
	if err == nil || !repeatable(err) {
		return Map(err)
	}
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 5*time.Millisecond, 200*time.Millisecond
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		err := try()
		if err != nil && !repeatable(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(maxTries-1))
	// The last try is returned as it is, be it marked permanent or not.
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	return Map(err)
}

// once runs the transaction one time. Whatever happens in fn, a panic
// included, the connection goes back rolled back.
func (p *Pool) once(ctx context.Context, o pgx.TxOptions, fn func(context.Context, pgx.Tx) error) error {
	conn, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.giveBack(conn)
	tx, err := conn.BeginTx(ctx, o)
	if err != nil && conn.Conn().IsClosed() && ctx.Err() == nil {
		return staleError{err} // PostgreSQL was restarted since the connection was last used
	}
	if err != nil {
		return err
	}
	open := true
	defer func() {
		if open {
			rollback(ctx, tx)
		}
	}()
	if err := fn(ctx, tx); err != nil {
		return err
	}
	open = false
	return commit(ctx, tx)
}

func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := within(ctx, rollbackPatience)
	defer cancel()
	// An error here means that the connection is closed, and with it the
	// transaction.
	_ = tx.Rollback(ctx)
}

// commit keeps the caller's deadline but not its cancellation: a client that
// hangs up must not turn a decided commit into an unknown one.
func commit(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := within(ctx, commitPatience)
	defer cancel()
	server := tx.Conn().PgConn()
	if server.IsClosed() {
		return pgconn.ErrConnClosed // lost before, and the transaction with it
	}
	err := tx.Commit(ctx)
	switch {
	case err == nil && tookUnsynced(server):
		return unknownOutcome(errUnsynced)
	case err == nil || rolledBack(err):
		return err
	default:
		return unknownOutcome(err)
	}
}

// within is ctx without its cancellation: it ends at its deadline, or after d if
// that is sooner.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	end := time.Now().Add(d)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

// rolledBack reports whether a failed COMMIT surely changed nothing: the
// server said so with an ordinary error, or never got to see it. A FATAL error
// proves nothing, as the server may have been stopped after it had committed.
// Nor does "conn closed", though pgx calls it safe to repeat: it also gives it
// for a connection that breaks while the answer is awaited.
func rolledBack(err error) bool {
	if errors.Is(err, pgconn.ErrConnClosed) {
		return false
	}
	if errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, pgx.ErrTxClosed) || pgconn.SafeToRetry(err) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR" &&
		pg.Code != "40003" && pg.Code != "08007"
}

// AwaitStandby makes the commit of a transaction that has only read wait as one
// that has written does, and with it for all that it has read: on a primary
// whose standby is gone, rows can be seen that are on no other server yet. It
// writes an empty message into the log, which nobody reads.
func AwaitStandby(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, "SELECT pg_logical_emit_message(true, 'purser', '')")
	return err
}

// staleError marks a transaction that never began, as its connection had died
// in the pool.
type staleError struct{ error }

func (e staleError) Unwrap() error { return e.error }

// repeatable reports whether the transaction did nothing, for a reason that may
// be gone the next time.
func repeatable(err error) bool {
	var stale staleError
	var pg *pgconn.PgError
	return errors.As(err, &stale) || errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

var errUnsynced = errors.New("the wait for a synchronous standby was cancelled")

const unsyncedKey = "purser.unsynced"

// noteUnsynced remembers that the connection's commit is on this server only:
// PostgreSQL reports a cancelled wait for a standby as a mere warning, whose
// text is translated, so it is told by the routine that sends it.
func noteUnsynced(conn *pgconn.PgConn, n *pgconn.Notice) {
	if n.Routine == "SyncRepWaitForLSN" {
		conn.CustomData()[unsyncedKey] = true
	}
}

func tookUnsynced(conn *pgconn.PgConn) bool {
	_, unsynced := conn.CustomData()[unsyncedKey]
	delete(conn.CustomData(), unsyncedKey)
	return unsynced
}
