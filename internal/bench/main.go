// Command bench measures the gate: it starts a private PostgreSQL and the real
// server, drives every case in turn for several rounds, and measures beside
// them, in the same rounds, what the machine and PostgreSQL alone can do. Only
// the ratios between the two mean anything on another machine.
//
//	make bench                 everything
//	BENCH_SHORT=1 make bench   one short round, for CI
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	if ctx.Err() != nil {
		err = errors.New("stopped; what was measured so far is not kept")
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	s, err := readSettings()
	if err != nil {
		return err
	}
	base, err := readBase(s.Base)
	if err != nil {
		return err
	}
	shape := shapeOf() // before we are a load ourselves
	c, err := newCluster(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	b := &bench{settings: s, cluster: c, shape: shape}
	defer b.close()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if s.Profile != nil {
		return b.profiles(ctx)
	}
	if err := b.runSections(ctx); err != nil {
		return err
	}
	r := newReport(b)
	text := r.markdown(base)
	fmt.Print(text)
	return r.write(s.Out, text)
}

// say tells the person at the terminal what goes on; the report alone goes to
// stdout.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
