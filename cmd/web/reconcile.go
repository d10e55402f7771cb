package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/reconcile"
)

// reconcileAll checks every company and prints what it found. An error also
// means that something does not add up.
func reconcileAll(ctx context.Context, environ []string, out, logs io.Writer) error {
	c, err := readConfig(environ)
	if err != nil {
		return err
	}
	log := newLogger(logs, c.LogLevel, c.LogFormat)
	data, err := databaseBeside(ctx, c, log)
	if err != nil {
		return err
	}
	defer data.close(log)
	from, err := sources(c, data, log)
	if err != nil {
		return err
	}
	reports, err := from.All(ctx)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	return printReports(out, reports)
}

// sources are what is compared; nothing is signed. What providers have is asked
// for with keys that the key-encryption key opens: without one nobody is asked,
// and none is made.
func sources(c config, data database, log *slog.Logger) (reconcile.Sources, error) {
	from := reconcile.Sources{Pool: data.pool, Log: audit.New(data.pool, nil, log)}
	if c.Sealing == nil {
		if _, err := os.Stat(sealingFile(c)); err != nil {
			log.Warn("providers are not asked for their statements: the key-encryption key is not here")
			return from, nil
		}
	}
	sealing, err := sealingKey(c)
	if err != nil {
		return from, err
	}
	from.Cards, _, err = newCards(house{config: c, log: log, pool: data.pool, sealing: sealing}, nil) // which decides nothing
	return from, err
}

// databaseBeside is the database that the settings name, also when a server of
// ours is running on the same DATA_DIR.
func databaseBeside(ctx context.Context, c config, log *slog.Logger) (database, error) {
	if c.DatabaseURL != "" {
		return openBeside(ctx, c.DatabaseURL)
	}
	url, err := embedded.Running(c.DataDir)
	if err != nil {
		return database{}, err
	}
	if url != "" {
		return openBeside(ctx, url)
	}
	return openDatabase(ctx, c, log)
}

// openBeside connects and leaves the schema as it is.
func openBeside(ctx context.Context, url string) (d database, err error) {
	d.pool, err = postgres.Open(ctx, postgres.Config{URL: url, Role: postgres.AppRole, MaxConns: 4,
		ApplicationName: "purser-reconcile", LockTimeout: 10 * time.Second})
	if err != nil {
		return d, unusable(err)
	}
	return d, nil
}

// printReports prints a line a tenant, every difference, and the sum.
func printReports(out io.Writer, reports []reconcile.Report) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "company\tmode\tauthorizations\tevents\tdifferences")
	authorizations := 0
	for _, r := range reports {
		authorizations += r.Authorizations
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\n", oneLineName(r.Name), r.Tenant.Mode(), r.Authorizations, r.Events, len(r.Differences))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range reports {
		for _, d := range r.Differences {
			fmt.Fprintf(out, "%s (%s): %s: %s: %s\n  likely cause: %s\n", oneLineName(r.Name), r.Tenant.Mode(), d.Check, d.Subject, d.Text, d.Cause)
		}
	}
	differences := reconcile.Differences(reports)
	if _, err := fmt.Fprintf(out, "reconciled: %d tenants, %d authorizations, %d differences\n", len(reports), authorizations, differences); err != nil {
		return err
	}
	if differences > 0 {
		return fmt.Errorf("%d differences were found", differences)
	}
	return nil
}

// oneLineName keeps a name from drawing on the terminal.
func oneLineName(name string) string { return fmt.Sprintf("%.60s", fmt.Sprintf("%q", name)) }
