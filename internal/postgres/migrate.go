package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/getpurser/purser/migrations"
)

// migrateLock is the advisory lock that replicas starting together take in
// turn. The number means nothing; it only must never change.
const migrateLock = 7_705_372_301

// QueueSchema holds River's tables: messages that wait for delivery.
const QueueSchema = "river"

// Migrate brings the schema up to date. It connects as the schema's owner, and
// replicas that start together wait for each other.
func Migrate(ctx context.Context, ownerURL string) error {
	return migrate(ctx, ownerURL, migrations.Files)
}

func migrate(ctx context.Context, ownerURL string, files fs.FS) (err error) {
	config, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return errors.New("the address of the database is malformed")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	lock, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("reach the database: %w", Map(err))
	}
	// Closing the connection releases the lock.
	defer func() { err = errors.Join(err, lock.Close(context.WithoutCancel(ctx))) }()
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrateLock)); err != nil {
		return fmt.Errorf("wait for the lock on migrations: %w", Map(err))
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	steps, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", Map(err))
	}
	return migrateQueue(ctx, ownerURL)
}

// migrateQueue brings River's own tables up to date.
func migrateQueue(ctx context.Context, ownerURL string) error {
	pool, err := pgxpool.New(ctx, ownerURL)
	if err != nil {
		return errors.New("the address of the database is malformed")
	}
	defer pool.Close()
	steps, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: QueueSchema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("read the queue's migrations: %w", err)
	}
	if _, err := steps.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", Map(err))
	}
	return nil
}
