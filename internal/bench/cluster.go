package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres/embedded"
)

// maxClients bounds the clients of one case; PostgreSQL must let as many of
// pgbench's in.
const maxClients = 512

// cluster is the PostgreSQL that both sides are measured on.
type cluster struct {
	dir    string
	server *embedded.Server
	owner  *pgx.Conn // to the first database, for questions outside the measuring
	// durability are the settings that make a commit safe, as it answers them.
	durability map[string]string
	version    string
	// pid of the postmaster.
	pid int
}

func newCluster(ctx context.Context, s settings) (c *cluster, err error) {
	c = &cluster{}
	if c.dir, err = s.tempDir(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	set := map[string]string{"max_connections": fmt.Sprint(maxClients + 88)}
	for _, setting := range s.Postgres {
		name, value, _ := strings.Cut(setting, "=")
		set[name] = value
	}
	if s.Profile != nil {
		set["shared_preload_libraries"] = "pg_stat_statements"
	}
	if c.server, err = embedded.Start(ctx, embedded.Options{DataDir: filepath.Join(c.dir, "postgres"), Settings: set}); err != nil {
		return nil, err
	}
	if c.owner, err = pgx.Connect(ctx, c.server.OwnerURL()); err != nil {
		return nil, err
	}
	return c, c.look(ctx)
}

// look reads what PostgreSQL is, and fails when it is not durable.
func (c *cluster) look(ctx context.Context) error {
	c.durability = map[string]string{}
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := c.owner.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return err
		}
		if value != "on" {
			return fmt.Errorf("PostgreSQL has %s=%s: nothing is measured without durability", name, value)
		}
		c.durability[name] = value
	}
	for _, name := range []string{"wal_sync_method", "shared_buffers", "max_wal_size", "checkpoint_timeout"} {
		var value string
		if err := c.owner.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return err
		}
		c.durability[name] = value
	}
	var backend int
	if err := c.owner.QueryRow(ctx, "SELECT current_setting('server_version'), pg_backend_pid()").Scan(&c.version, &backend); err != nil {
		return err
	}
	c.version, _, _ = strings.Cut(c.version, " ")
	c.pid = parentOf(backend)
	return nil
}

// database makes another database and gives its owner's and its server's URL.
func (c *cluster) database(ctx context.Context, name string) (owner, server string, err error) {
	if _, err := c.owner.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", "", err
	}
	return inDatabase(c.server.OwnerURL(), name), inDatabase(c.server.URL(), name), nil
}

func inDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic("the embedded PostgreSQL has no address: " + err.Error())
	}
	u.Path = "/" + name
	return u.String()
}

func (c *cluster) close() error {
	var errs []error
	if c.owner != nil {
		errs = append(errs, c.owner.Close(context.Background()))
	}
	if c.server != nil {
		errs = append(errs, c.server.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}
