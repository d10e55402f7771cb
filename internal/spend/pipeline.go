package spend

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// queue adds a query to a pipeline. Its rows are given to each when the
// pipeline is sent; T has the columns in their order, as sqlc writes it.
func queue[T any](p *pgx.Batch, each func(T) error, sql string, args ...any) {
	p.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		if err != nil {
			return err
		}
		for _, row := range found {
			if err := each(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// written is a transaction that only collects what is to be executed, so that
// all of it travels at once.
type written struct {
	pgx.Tx
	waiting pgx.Batch
}

// Exec puts the statement into the queue.
func (w *written) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	w.waiting.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}
