package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Pipeline is a transaction that takes few messages: it begins with its first
// batch, and commits with its last.
type Pipeline struct {
	conn  *pgxpool.Conn
	begun bool
}

// InPipeline is InTx for a transaction of batches. What fn gives travels
// together with the COMMIT: when one of its statements fails, nothing is
// committed, and the error is the statement's.
func (p *Pool) InPipeline(ctx context.Context, fn func(context.Context, *Pipeline) (*pgx.Batch, error)) error {
	return repeat(ctx, func() error { return p.pipeline(ctx, fn) })
}

func (p *Pool) pipeline(ctx context.Context, fn func(context.Context, *Pipeline) (*pgx.Batch, error)) error {
	conn, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.giveBack(conn)
	t := &Pipeline{conn: conn}
	defer t.rollback(ctx)
	last, err := fn(ctx, t)
	if err != nil {
		return err
	}
	return t.commit(ctx, last)
}

// Send runs a batch in the transaction.
func (t *Pipeline) Send(ctx context.Context, b *pgx.Batch) error {
	first := !t.begun
	if first {
		t.begin(b)
	}
	err := t.conn.SendBatch(ctx, b).Close()
	if err != nil && first && t.conn.Conn().IsClosed() && ctx.Err() == nil {
		return staleError{err} // PostgreSQL was restarted since the connection was last used
	}
	return err
}

// begin puts the start of the transaction in front of a batch.
func (t *Pipeline) begin(b *pgx.Batch) {
	t.begun = true
	var start pgx.Batch
	start.Queue("begin isolation level read committed")
	b.QueuedQueries = append(start.QueuedQueries, b.QueuedQueries...)
}

// commit runs the last batch. Like that of InTx it keeps the caller's deadline
// but not its cancellation.
func (t *Pipeline) commit(ctx context.Context, last *pgx.Batch) error {
	ctx, cancel := within(ctx, commitPatience)
	defer cancel()
	server := t.conn.Conn().PgConn()
	if server.IsClosed() {
		return pgconn.ErrConnClosed // lost before, and the transaction with it
	}
	if !t.begun {
		t.begin(last)
	}
	ended := ""
	last.Queue("commit").Exec(func(tag pgconn.CommandTag) error { ended = tag.String(); return nil })
	err := t.conn.SendBatch(ctx, last).Close()
	switch {
	case err == nil && ended != "COMMIT":
		return pgx.ErrTxCommitRollback
	case err == nil && tookUnsynced(server):
		return unknownOutcome(errUnsynced)
	case err == nil || rolledBack(err):
		return err
	default:
		return unknownOutcome(err)
	}
}

// rollback ends what was begun and not committed.
func (t *Pipeline) rollback(ctx context.Context) {
	const idle = 'I'
	conn := t.conn.Conn()
	if conn.IsClosed() || conn.PgConn().TxStatus() == idle {
		return
	}
	ctx, cancel := within(ctx, rollbackPatience)
	defer cancel()
	if _, err := conn.Exec(ctx, "rollback"); err != nil && !errors.Is(err, context.Canceled) {
		// The connection goes, and the transaction with it.
		_ = conn.Close(ctx)
	}
}

// Exec, Query and QueryRow run one statement in a transaction that Send began.

// Exec is pgx's.
func (t *Pipeline) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, sql, args...)
}

// Query is pgx's.
func (t *Pipeline) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, sql, args...)
}

// QueryRow is pgx's.
func (t *Pipeline) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, sql, args...)
}

// Snapshot runs the queries that ask queues in one read-only snapshot, in one
// message. It may ask again, from the beginning.
func (p *Pool) Snapshot(ctx context.Context, ask func(*pgx.Batch)) error {
	return repeat(ctx, func() error {
		conn, err := p.take(ctx)
		if err != nil {
			return err
		}
		defer p.giveBack(conn)
		t := &Pipeline{conn: conn, begun: true}
		defer t.rollback(ctx)
		var all pgx.Batch
		all.Queue("begin isolation level repeatable read read only")
		ask(&all)
		all.Queue("commit")
		err = conn.SendBatch(ctx, &all).Close()
		if err != nil && conn.Conn().IsClosed() && ctx.Err() == nil {
			return staleError{err} // it only read, so that it may always be repeated
		}
		return err
	})
}

// Tx is the transaction for what takes one of pgx: statements, and no end.
func (t *Pipeline) Tx() pgx.Tx { return statements{p: t} }

// statements has no more of a transaction than its statements.
type statements struct {
	pgx.Tx
	p *Pipeline
}

func (s statements) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return s.p.Exec(ctx, sql, args...)
}

func (s statements) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return s.p.Query(ctx, sql, args...)
}

func (s statements) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return s.p.QueryRow(ctx, sql, args...)
}

func (s statements) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return s.p.conn.SendBatch(ctx, b)
}
