// Command run starts one throw-away PostgreSQL, runs a command with its address
// in TEST_DATABASE_URL, and leaves with the command's status:
//
//	go run ./internal/postgres/pgtest/run -- go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgtest/run:", err)
		code = 1
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0, errors.New("name a command to run, after --")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	address := os.Getenv(pgtest.URLVariable)
	if address == "" {
		server, remove, err := start(ctx)
		if err != nil {
			return 0, err
		}
		defer remove()
		address = server.OwnerURL()
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.URLVariable+"="+address)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

func start(ctx context.Context) (*embedded.Server, func(), error) {
	dir, err := pgtest.TempDir()
	if err != nil {
		return nil, nil, err
	}
	server, err := embedded.Start(ctx, pgtest.Options(dir))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return server, func() {
		if err := errors.Join(server.Stop(), os.RemoveAll(dir)); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest/run:", err)
		}
	}, nil
}
