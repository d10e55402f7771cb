package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rows gives its connection back when it is read to the end or closed, and
// reports errors as faults.
type rows struct {
	pgx.Rows
	pool *Pool
	conn *pgxpool.Conn
}

func (r *rows) Close() {
	r.Rows.Close()
	if r.conn != nil {
		r.pool.giveBack(r.conn)
		r.conn = nil
	}
}

func (r *rows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.Close()
	}
	return more
}

func (r *rows) Scan(dest ...any) error {
	err := r.Rows.Scan(dest...)
	if err != nil {
		r.Close()
	}
	return Map(err)
}

func (r *rows) Values() ([]any, error) {
	values, err := r.Rows.Values()
	if err != nil {
		r.Close()
	}
	return values, Map(err)
}

func (r *rows) Err() error { return Map(r.Rows.Err()) }

// row is the one row of a QueryRow.
type row struct {
	inner pgx.Row
	pool  *Pool
	conn  *pgxpool.Conn
}

func (r row) Scan(dest ...any) error {
	defer r.pool.giveBack(r.conn)
	return Map(r.inner.Scan(dest...))
}

// failedRows is what a query answers that never ran.
type failedRows struct {
	pgx.Rows // nil: nothing below calls it
	err      error
}

func (failedRows) Close()                        {}
func (failedRows) Next() bool                    { return false }
func (r failedRows) Err() error                  { return r.err }
func (r failedRows) Scan(...any) error           { return r.err }
func (r failedRows) Values() ([]any, error)      { return nil, r.err }
func (failedRows) CommandTag() pgconn.CommandTag { return pgconn.CommandTag{} }
