package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Queue adds a query to a message. Its rows are given to each when the message
// is sent; T has the columns in their order, as sqlc writes it.
func Queue[T any](p *pgx.Batch, each func(T) error, sql string, args ...any) {
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

// Collector is a transaction that only collects what is to be executed, so that
// all of it travels at once.
type Collector struct {
	pgx.Tx
	Waiting pgx.Batch
}

// Exec puts the statement into the message.
func (c *Collector) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.Waiting.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Send runs what was collected.
func (c *Collector) Send(ctx context.Context, tx pgx.Tx) error {
	if c.Waiting.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, &c.Waiting).Close()
}
