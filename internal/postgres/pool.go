// Package postgres is the way to the database: a pool that runs under a lesser
// role, transactions that repeat themselves when the server asks for it,
// migrations, and the translation of PostgreSQL's errors into faults.
package postgres

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// AppRole is the role that the server works under: it may not change the audit
// log or the schema. The first migration creates it.
const AppRole = "purser_app"

// Config says where the database is and how to use it. Only URL is required.
type Config struct {
	// URL is a postgres:// address or a key=value connection string.
	URL string
	// Role, when set, is the role in which every connection starts, so that
	// RESET ROLE leads back to it and not to the login.
	Role string
	// MaxConns bounds the pool. Zero means 16.
	MaxConns int32
	// MinConns are kept open also when nobody needs them, so that they are there
	// when others have taken all that the server allows.
	MinConns int32
	// ApplicationName is what pg_stat_activity shows. Empty means purser.
	ApplicationName string
	// StatementTimeout ends a statement that runs longer; LockTimeout ends one
	// that waits longer for a lock; IdleTimeout ends a transaction whose client
	// says nothing for that long. Zero means the server's own setting.
	StatementTimeout, LockTimeout, IdleTimeout time.Duration
	// Settings are further run-time parameters of every connection.
	Settings map[string]string
	// AcquireTimeout bounds the wait for a free connection. Zero means 5 s.
	AcquireTimeout time.Duration
}

// Pool is a set of connections to one database.
type Pool struct {
	*pgxpool.Pool
	acquireTimeout time.Duration
	// suspecting is set while the idle connections are looked at.
	suspecting atomic.Bool
}

// Open connects, and fails when the database does not answer.
func Open(ctx context.Context, c Config) (*Pool, error) {
	parsed, err := c.parse()
	if err != nil {
		return nil, err
	}
	inner, err := pgxpool.NewWithConfig(ctx, parsed)
	if err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	pool := &Pool{Pool: inner, acquireTimeout: orElse(c.AcquireTimeout, 5*time.Second)}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach the database: %w", Map(err))
	}
	return pool, nil
}

func (c Config) parse() (*pgxpool.Config, error) {
	parsed, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// pgx's own error quotes the address; it hides the password, but not
		// in every malformed address.
		return nil, fmt.Errorf("the address of the database is malformed")
	}
	conn := parsed.ConnConfig
	conn.OnNotice = noteUnsynced
	conn.OnPgError = keepAfter
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = 5 * time.Second
	}
	parsed.MaxConns, parsed.MinConns = orElse(c.MaxConns, 16), c.MinConns
	// A connection that was silent is asked first; to a server that is gone
	// without a word, the question must not wait for ever.
	parsed.PingTimeout = pingPatience
	set := conn.RuntimeParams
	set["application_name"] = orElse(c.ApplicationName, "purser")
	set["timezone"] = "UTC"
	maps.Copy(set, c.Settings)
	// Without it pgx writes each UUID as text, which a batch of columns feels.
	parsed.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		registerColumns(conn.TypeMap())
		return registerRows(ctx, conn)
	}
	if c.Role != "" {
		set["role"] = c.Role
	}
	for name, d := range map[string]time.Duration{
		"statement_timeout":                   c.StatementTimeout,
		"lock_timeout":                        c.LockTimeout,
		"idle_in_transaction_session_timeout": c.IdleTimeout,
	} {
		if d > 0 {
			set[name] = strconv.FormatInt(d.Milliseconds(), 10)
		}
	}
	return parsed, nil
}

// take acquires a connection and gives up after the pool's patience, so that
// an exhausted pool answers instead of collecting callers.
func (p *Pool) take(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.acquireTimeout)
	defer cancel()
	conn, err := p.Acquire(ctx)
	if err != nil {
		return nil, Map(err)
	}
	return conn, nil
}

// Exec runs one statement outside a transaction.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	conn, err := p.take(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer p.giveBack(conn)
	tag, err := conn.Exec(ctx, sql, args...)
	return tag, Map(err)
}

// Query runs one statement outside a transaction. Close the rows: they hold a
// connection.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := p.take(ctx)
	if err != nil {
		return failedRows{err: err}, err
	}
	inner, err := conn.Query(ctx, sql, args...)
	if err != nil {
		p.giveBack(conn)
		err = Map(err)
		return failedRows{err: err}, err
	}
	return &rows{Rows: inner, pool: p, conn: conn}, nil
}

// QueryRow runs a statement that answers at most one row.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	conn, err := p.take(ctx)
	if err != nil {
		return failedRows{err: err}
	}
	return row{inner: conn.QueryRow(ctx, sql, args...), pool: p, conn: conn}
}

func orElse[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}
