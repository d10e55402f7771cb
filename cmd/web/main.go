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
	if err := command(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "purser: "+oneLine(err))
		os.Exit(1)
	}
}

// command does what the arguments say; none is to serve.
func command(ctx context.Context, args, environ []string, out, logs io.Writer) error {
	switch strings.Join(args, " ") {
	case "":
		return realMain(ctx, environ, out, logs)
	case "demo":
		return serveDemo(ctx, environ, out, logs)
	case "reconcile":
		return reconcileAll(ctx, environ, out, logs)
	}
	return fmt.Errorf("there is no command %q: none serves, demo fills an empty installation with a company and serves, "+
		"reconcile adds everything up again", strings.Join(args, " "))
}

// realMain serves until ctx ends and everything is stopped. Its error is for
// the person at the terminal.
func realMain(ctx context.Context, environ []string, out, logs io.Writer) error {
	return serveAfter(ctx, environ, out, logs, nil)
}

// serveAfter serves once first has done its work, if there is any.
func serveAfter(ctx context.Context, environ []string, out, logs io.Writer, first func(context.Context, house, features) error) error {
	c, err := readConfig(environ)
	if err != nil {
		return err
	}
	defer keepHeapFloor()()
	err = serve(ctx, c, out, newLogger(logs, c.LogLevel, c.LogFormat), first)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // it was told to stop before it was up
	}
	return err
}

func oneLine(err error) string { return redact(strings.Join(strings.Fields(err.Error()), " ")) }
