package main

import (
	"bytes"
	"crypto/rand"
	"flag"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// built is where the server's program lies for all tests of a run.
var built = filepath.Join(os.TempDir(), "purser-web-"+rand.Text())

func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy logs every piece that it passes on
	flag.Parse()
	if most := flag.Lookup("test.parallel"); most.Value.String() == most.DefValue {
		_ = most.Value.Set(strconv.Itoa(runtime.GOMAXPROCS(0) + 1)) // most of them wait for time to pass
	}
	code := m.Run()
	_ = os.RemoveAll(built) // it may never have been built
	os.Exit(code)
}

// binary is the server, built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "web")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = &exec.Error{Name: string(out), Err: err}
	}
	return path, err
})

// process is the server as a process of its own, which can be killed.
type process struct {
	t       *testing.T
	dir     string
	port    string
	environ []string
	running *exec.Cmd
	log     *bytes.Buffer
}

// newProcess makes one on PostgreSQL of its own, unless the settings name
// another, and starts nothing.
func newProcess(t *testing.T, settings ...string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), port: freePort(t)}
	p.environ = append(os.Environ(), "PORT="+p.port, "DATA_DIR="+p.dir, "METRICS_ADDR=", "SIGNING_ALG=ES256", "LOG_LEVEL=error", "DATABASE_URL=")
	p.environ = append(p.environ, settings...)
	t.Cleanup(func() {
		if p.running != nil {
			_ = p.running.Process.Signal(syscall.SIGTERM)
			late := time.AfterFunc(20*time.Second, func() { _ = p.running.Process.Kill() })
			_ = p.running.Wait()
			late.Stop()
		}
		if t.Failed() && p.log != nil {
			t.Logf("the last server said:\n%s", p.log)
		}
	})
	return p
}

// binary is the path of the server's program.
func (p *process) binary() string {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *process) url() string { return "http://localhost:" + p.port }

// start runs the server with these arguments and waits until it is ready.
func (p *process) start(args ...string) {
	p.t.Helper()
	p.log = &bytes.Buffer{}
	p.running = exec.Command(p.binary(), args...)
	p.running.Env, p.running.Stdout, p.running.Stderr = p.environ, p.log, p.log
	if err := p.running.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.awaitReady()
}

func (p *process) awaitReady() {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get(p.url() + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	p.t.Fatalf("it did not become ready:\n%s", p.log)
}

// kill ends the server without a chance to say anything.
func (p *process) kill() {
	p.t.Helper()
	if err := p.running.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.running.Wait() // it was killed
}

// postmaster is the database below the server.
func (p *process) postmaster() int {
	p.t.Helper()
	found, err := filepath.Glob(filepath.Join(p.dir, "pg-*", "postmaster.pid"))
	if err != nil || len(found) != 1 {
		p.t.Fatalf("the cluster's pid file: %v %v", found, err)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		p.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

// killPostgres kills every process of the database below the server.
func (p *process) killPostgres() {
	p.t.Helper()
	pgtest.SignalAll(p.postmaster(), syscall.SIGKILL)
}

// databases are the addresses of the database below the server: its own, and
// the owner's.
func (p *process) databases() (server, owner string) {
	p.t.Helper()
	server, err := embedded.Running(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, _ := u.User.Password()
	u.User = url.UserPassword(embedded.Owner, secret)
	return server, u.String()
}

// stop ends the server cleanly and fails if it does not.
func (p *process) stop() {
	p.t.Helper()
	if err := p.running.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.running.Wait(); err != nil {
		p.t.Errorf("it did not stop cleanly: %v\n%s", err, p.log)
	}
	p.running = nil
}
