package pgtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres/embedded"
)

// Node is a PostgreSQL of a test's own that can be killed, stopped for a while,
// and made the standby of another. Nobody starts it again but the test.
type Node struct {
	t        testing.TB
	programs embedded.Programs
	dir      string
	port     int
	settings []string
	running  *exec.Cmd
	ended    chan struct{}
}

// NodeDir makes a directory for nodes that goes with the test, or at the latest,
// with everything that runs in it, with the test process.
func NodeDir(t testing.TB) string {
	t.Helper()
	dir, err := TempDir()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	leash, err := watch(dir)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { _ = leash.Close() }) // the watcher removes it
	return dir
}

// NewNode makes an empty cluster in a NodeDir and starts nothing. Settings are
// name=value.
func NewNode(t testing.TB, dir, name string, settings ...string) *Node {
	t.Helper()
	n := newNode(t, dir, name, settings)
	n.must("initdb", "-D", n.dir, "-U", embedded.Owner, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	return n
}

func newNode(t testing.TB, dir, name string, settings []string) *Node {
	t.Helper()
	n := &Node{t: t, dir: filepath.Join(dir, "pg-"+name), settings: settings}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		n.port = l.Addr().(*net.TCPAddr).Port
		err = l.Close()
	}
	if err == nil {
		err = os.Mkdir(n.dir, 0o700)
	}
	if err == nil {
		n.programs, err = embedded.FindPrograms(t.Context(), n.dir)
	}
	if err == nil {
		err = n.programs.Own(n.dir)
	}
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return n
}

// Port is where it listens, on 127.0.0.1.
func (n *Node) Port() int { return n.port }

// URL is the address of its superuser, in that database.
func (n *Node) URL(database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", embedded.Owner, n.port, database)
}

// must runs one of PostgreSQL's programs to its end.
func (n *Node) must(program string, args ...string) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out, err := n.programs.Command(ctx, program, args...).CombinedOutput(); err != nil {
		n.t.Fatalf("pgtest: %s: %v\n%s", program, err, out)
	}
}

// Start runs it and returns once it answers. It ends with the test.
func (n *Node) Start() {
	n.t.Helper()
	args := []string{"-D", n.dir, "-p", strconv.Itoa(n.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="}
	for _, s := range n.settings {
		args = append(args, "-c", s)
	}
	log, err := os.OpenFile(n.LogPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatalf("pgtest: %v", err)
	}
	n.running, n.ended = n.programs.Command(context.Background(), "postgres", args...), make(chan struct{})
	n.running.Stdout, n.running.Stderr = log, log
	if err := n.running.Start(); err != nil {
		n.t.Fatalf("pgtest: %v", err)
	}
	_ = log.Close() // the child has its own
	n.t.Cleanup(n.stop(n.running, n.ended))
	go func(cmd *exec.Cmd, ended chan struct{}) { _ = cmd.Wait(); close(ended) }(n.running, n.ended)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if conn, err := pgx.Connect(n.t.Context(), n.URL("postgres")); err == nil {
			_ = conn.Close(n.t.Context())
			return
		}
	}
	n.t.Fatalf("pgtest: %s does not answer:\n%s", n.dir, n.Log())
}

// stop ends what is still running at the end of a test.
func (*Node) stop(cmd *exec.Cmd, ended chan struct{}) func() {
	return func() {
		SignalAll(cmd.Process.Pid, syscall.SIGCONT)
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
			_ = cmd.Process.Signal(signal) // it may have ended
			select {
			case <-ended:
				return
			case <-time.After(10 * time.Second):
			}
		}
	}
}
