//go:build unix

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// startPatience bounds one start, crash recovery included; stopPatience the
	// fast shutdown, after which the cluster is stopped as in a crash.
	startPatience, stopPatience = 2 * time.Minute, 30 * time.Second
	// poll is how often we look whether postgres is ready.
	poll = 10 * time.Millisecond
	// logBytes is the size at which the log is begun anew at a start.
	logBytes = 10 << 20
	// attempts bounds how often a start is tried: a port may have been taken
	// since, and processes of a killed postmaster take a moment to go.
	attempts = 8
)

// process is one run of postgres.
type process struct {
	pid   int
	ended chan struct{} // closed when it has ended
	err   error         // its exit status; read after ended
}

// launch starts postgres and waits until it answers.
func (s *Server) launch(ctx context.Context) (*process, error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	var err error
	for range attempts {
		var p *process
		if p, err = s.run(); err != nil {
			return nil, err
		}
		if err = s.ready(ctx, p); err == nil {
			return p, nil
		}
		p.stop()
		if ctx.Err() != nil || !s.transient() {
			break
		}
		time.Sleep(time.Second / 4)
	}
	return nil, fmt.Errorf("start PostgreSQL: %w: %s (see %s)", err, s.lastLog(), s.logPath())
}

// transient reports whether the log's end names a reason that passes: leftover
// processes of a killed cluster. A port that was taken is exchanged.
func (s *Server) transient() bool {
	end := s.lastLog()
	if strings.Contains(end, "could not create any TCP/IP sockets") {
		if port, err := freePort(); err == nil && !s.announced.Load() {
			s.port = port
		}
		return true
	}
	return strings.Contains(end, "is still in use") || strings.Contains(end, "lock file")
}

// run starts postgres as a direct child and returns at once.
func (s *Server) run() (*process, error) {
	log, err := s.openLog()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(s.bin.path("postgres"), s.args()...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	cmd.SysProcAttr = s.identity.attributes()
	dieWithParent(cmd.SysProcAttr)
	p, started := &process{ended: make(chan struct{})}, make(chan error)
	go func() {
		// The signal on our death is bound to this very thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = log.Close() // the child has its own
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return p, nil
}

// args are the settings. The log may hold no parameter, statement or row: they
// may be secrets.
func (s *Server) args() []string {
	args := []string{"-D", s.dir, "-c", "listen_addresses=127.0.0.1", "-p", strconv.Itoa(s.port),
		"-c", "unix_socket_directories=", "-c", "log_error_verbosity=terse", "-c", "log_min_error_statement=panic"}
	if s.opts.NoSync {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	for name, value := range s.opts.Settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// ready waits until postgres says that it is, and then until it answers.
func (s *Server) ready(ctx context.Context, p *process) error {
	for {
		if pid, status := readPidFile(s.dir); pid == p.pid && status == "ready" {
			conn, err := pgx.Connect(ctx, s.url(Owner, "postgres"))
			if err == nil {
				return conn.Close(ctx)
			}
			if ctx.Err() == nil {
				return fmt.Errorf("it runs, but refuses us: %w", err)
			}
		}
		select {
		case <-p.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

// stop asks for a fast shutdown, later for an immediate one, and waits.
func (p *process) stop() {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		_ = syscall.Kill(p.pid, sig) // it may have ended meanwhile
		select {
		case <-p.ended:
			return
		case <-time.After(stopPatience):
		}
	}
	<-p.ended // an immediate shutdown kills its own stragglers after 5 s
}

// supervise keeps postgres up until Stop: when it dies, it is started again on
// the same port.
func (s *Server) supervise(p *process) {
	defer close(s.done)
	for {
		select {
		case <-s.stop:
			p.stop()
			return
		case <-p.ended:
		}
		s.opts.Log.Error("PostgreSQL ended by itself and is started again", "status", p.err, "log", s.logPath())
		ctx, cancel := context.WithTimeout(context.Background(), startPatience)
		next, err := s.launch(ctx)
		cancel()
		if err != nil {
			s.failure = err
			return
		}
		p = next
	}
}

func (s *Server) logPath() string { return filepath.Join(s.opts.DataDir, s.bin.dirName()+".log") }

func (s *Server) openLog() (*os.File, error) {
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(s.logPath()); err == nil && info.Size() > logBytes {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(s.logPath(), flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of PostgreSQL: %w", err)
	}
	return f, nil
}

// lastLog is the last line of the log that names an error.
func (s *Server) lastLog() string {
	f, err := os.Open(s.logPath())
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err == nil && info.Size() > 4096 {
		if _, err := f.Seek(-4096, io.SeekEnd); err != nil {
			return ""
		}
	}
	end, _ := io.ReadAll(f) // as much as there is
	lines := bytes.Split(end, []byte("\n"))
	for _, line := range slices.Backward(lines) {
		if bytes.Contains(line, []byte("FATAL")) || bytes.Contains(line, []byte("error")) {
			return string(line)
		}
	}
	return lastLine(end)
}
