// Command web is Purser's server: the API, the pages and everything they need
// in one binary. Started without settings it brings its own PostgreSQL.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the second one ends the process as usual.
	context.AfterFunc(ctx, stop)
	if err := realMain(ctx, os.Environ(), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "purser: "+oneLine(err))
		os.Exit(1)
	}
}

// realMain serves until ctx ends and everything is stopped. Its error is for
// the person at the terminal.
func realMain(ctx context.Context, environ []string, out, logs io.Writer) error {
	c, err := readConfig(environ)
	if err != nil {
		return err
	}
	err = serve(ctx, c, out, newLogger(logs, c.LogLevel, c.LogFormat))
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // it was told to stop before it was up
	}
	return err
}

func oneLine(err error) string { return redact(strings.Join(strings.Fields(err.Error()), " ")) }
