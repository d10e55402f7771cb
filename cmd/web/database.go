package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/spend"
)

// database is the pool and, when we run PostgreSQL ourselves, the server below.
type database struct {
	pool *postgres.Pool
	// committers are the gate's own connections, lookups those of reads by key.
	committers, lookups *postgres.Pool
	own                 *embedded.Server // nil when DATABASE_URL names one
}

// openDatabase starts PostgreSQL if none is named, brings the schema up to date
// as its owner and connects as the lesser role.
func openDatabase(ctx context.Context, c config, log *slog.Logger) (d database, err error) {
	if c.DatabaseURL == "" {
		if d.own, err = embedded.Start(ctx, embedded.Options{DataDir: c.DataDir, Log: log}); err != nil {
			return d, err
		}
		c.DatabaseURL, c.OwnerURL = d.own.URL(), d.own.OwnerURL()
	}
	defer func() {
		if err != nil {
			d.close(log)
		}
	}()
	if err := postgres.Migrate(ctx, c.OwnerURL); err != nil {
		return d, unusable(err)
	}
	pool := postgres.Config{URL: c.DatabaseURL, Role: postgres.AppRole, MaxConns: 20,
		StatementTimeout: 30 * time.Second, LockTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	if d.pool, err = postgres.Open(ctx, pool); err != nil {
		return d, unusable(err)
	}
	pool.MaxConns, pool.MinConns, pool.Settings, pool.ApplicationName = 4, 4, spend.CommitterSettings(), "purser-gate"
	if d.committers, err = postgres.Open(ctx, pool); err != nil {
		return d, unusable(err)
	}
	pool.MaxConns, pool.MinConns, pool.ApplicationName = 6, 0, "purser-lookups"
	if d.lookups, err = postgres.Open(ctx, pool); err != nil {
		return d, unusable(err)
	}
	return d, nil
}

// unusable tells the person at the terminal why, where a caller of the API would
// only hear that the database is away.
func unusable(err error) error {
	if f := fault.From(err); f.Unwrap() != nil {
		err = f.Unwrap()
	}
	return fmt.Errorf("DATABASE_URL: the database cannot be used: %w", err)
}

// ended is closed when our own PostgreSQL could not be kept up. Another's does
// not end the server: it waits for that to come back.
func (d database) ended() <-chan struct{} {
	if d.own == nil {
		return nil
	}
	return d.own.Done()
}

func (d database) close(log *slog.Logger) {
	for _, pool := range []*postgres.Pool{d.pool, d.committers, d.lookups} {
		if pool != nil {
			pool.Close()
		}
	}
	if d.own == nil {
		return
	}
	if err := d.own.Stop(); err != nil {
		log.Error("PostgreSQL did not stop cleanly", "error", err)
	}
}
