package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// limits bound what one connection may take. A request that waits takes 60 s at
// most; reading and writing have to allow for more than that, as net/http
// cancels a handler's context when the time for reading is over. What streams
// for longer lifts both with http.ResponseController.
type limits struct {
	header, read, write, idle time.Duration
	headerBytes               int
	// drain bounds how long shutdown waits for requests, and then for jobs.
	drain time.Duration
}

var usual = limits{header: 10 * time.Second, read: 75 * time.Second, write: 90 * time.Second, idle: 2 * time.Minute,
	headerBytes: 64 << 10, drain: 30 * time.Second}

// serve runs everything until ctx ends, then stops it in order: it takes no new
// request, finishes those it took, stops the jobs, and then the database.
func serve(ctx context.Context, c config, out io.Writer, log *slog.Logger, first func(context.Context, house, features) error) error {
	listener, err := listen(ctx, c.Port)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // mostly closed before, by the server
	sealing, err := sealingKey(c)
	if err != nil {
		return err
	}
	data, err := openDatabase(ctx, c, log)
	if err != nil {
		return err
	}
	defer data.close(log)
	traces, err := newTraces(ctx, c)
	if err != nil {
		return err
	}
	defer stopTraces(ctx, traces, log)
	if c.Sealing == nil && c.DatabaseURL != "" {
		log.Warn("KEY_ENCRYPTION_KEY is not set: the key lies in DATA_DIR, and every replica needs the same one", "directory", c.DataDir)
	}
	drain := make(chan struct{})
	h := house{config: c, log: log, pool: data.pool, committers: data.committers, lookups: data.lookups, sealing: sealing, metrics: newMetrics(data.pool), draining: drain, first: first}
	if traces != nil {
		h.traces = traces
	}
	handler, jobs, err := build(ctx, h)
	if err != nil {
		return err
	}
	serveMetrics(ctx, c, h.metrics, log)
	s := server{http: newServer(handler, usual, log), listener: listener, drain: drain, limits: usual, log: log}
	return s.run(ctx, jobs, data, func() { fmt.Fprintf(out, "Purser is ready at %s\n", c.BaseURL) })
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", ":"+strconv.Itoa(port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, wrong("PORT", "%d is taken by another program; stop it, or choose another", port)
	}
	if err != nil {
		return nil, wrong("PORT", "%d cannot be listened on: %v", port, err)
	}
	return l, nil
}

func newServer(h http.Handler, l limits, log *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: l.header, ReadTimeout: l.read, WriteTimeout: l.write,
		IdleTimeout: l.idle, MaxHeaderBytes: l.headerBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

// server is the doors and the jobs behind them.
type server struct {
	http     *http.Server
	listener net.Listener
	drain    chan struct{} // closed here when shutdown begins
	limits   limits
	log      *slog.Logger
}

func (s *server) run(ctx context.Context, jobs []job, data database, ready func()) error {
	background, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	defer stopJobs()
	var working sync.WaitGroup
	for _, j := range jobs {
		working.Go(func() {
			if err := j.run(background); err != nil && background.Err() == nil {
				s.log.Error("a background job failed", "job", j.name, "error", err)
			}
		})
	}
	var doors errgroup.Group
	failed := make(chan struct{})
	doors.Go(func() error {
		err := s.http.Serve(s.listener)
		if !errors.Is(err, http.ErrServerClosed) {
			close(failed)
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	ready()
	var cause error
	select {
	case <-ctx.Done():
		s.log.Info("shutting down")
	case <-failed:
	case <-data.ended():
		cause = errors.Join(errors.New("PostgreSQL ended and did not come back"), data.own.Err())
	}
	close(s.drain)
	s.stopDoors(ctx)
	cause = errors.Join(cause, doors.Wait())
	stopJobs()
	s.await(&working)
	return cause
}

// stopDoors lets the requests that were taken finish, within bounds.
func (s *server) stopDoors(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.drain)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.Warn("some requests were cut off", "error", err)
		_ = s.http.Close() // they are cut off, which was just said
	}
}

func (s *server) await(working *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { working.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(s.limits.drain):
		s.log.Warn("some background jobs did not stop")
	}
}
