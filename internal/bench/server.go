package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is the real one, as a process of its own on a database of its own.
type server struct {
	algorithm       string
	address         string // host:port
	metrics         string // a URL without a path
	ownerURL, dbURL string
	binary, dir     string
	command         *exec.Cmd
	log             bytes.Buffer
	db              *pgx.Conn // as the owner, for questions outside the measuring
	// madeUp says that the database also holds a history that nobody asked for.
	madeUp bool
	*world
}

// build makes the binary that people run.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "web")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, "github.com/getpurser/purser/cmd/web")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server (from the repository): %w\n%s", err, out)
	}
	return binary, nil
}

// environment is what the server is told, and nothing of ours beside it.
func (s *server) environment() []string {
	_, port, _ := strings.Cut(s.address, ":")
	return []string{"PATH=" + os.Getenv("PATH"), "PORT=" + port, "DATA_DIR=" + s.dir, "SIGNING_ALG=" + s.algorithm,
		"DATABASE_URL=" + s.dbURL, "DATABASE_OWNER_URL=" + s.ownerURL, "LOG_LEVEL=warn",
		"METRICS_ADDR=" + strings.TrimPrefix(s.metrics, "http://")}
}

// start runs the server and waits until it is ready.
func (s *server) start(ctx context.Context) (err error) {
	if s.address, err = freeAddress(); err != nil {
		return err
	}
	metrics, err := freeAddress()
	if err != nil {
		return err
	}
	s.metrics = "http://" + metrics
	s.command = exec.Command(s.binary)
	s.command.Env, s.command.Stdout, s.command.Stderr = s.environment(), &s.log, &s.log
	s.command.SysProcAttr = attributes()
	if err := s.command.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := fetch(ctx, "http://"+s.address+"/readyz"); err == nil {
			s.db, err = pgx.Connect(ctx, s.ownerURL)
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("the server did not become ready:\n%s", &s.log)
}

// stop ends the server as an operator would, and after a while by force.
func (s *server) stop() {
	if s.db != nil {
		_ = s.db.Close(context.Background()) // the cluster ends next
	}
	if s.command == nil || s.command.Process == nil {
		return
	}
	_ = s.command.Process.Signal(syscall.SIGTERM) // it may have ended
	force := time.AfterFunc(40*time.Second, func() { _ = s.command.Process.Kill() })
	defer force.Stop()
	_ = s.command.Wait() // it was told to end
}

// reconcile runs the server's own check of its books.
func (s *server) reconcile(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, s.binary, "reconcile")
	cmd.Env = s.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the server's own reconciliation: %w\n%s", err, out)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	say("  %s: %s", filepath.Base(s.dir), lines[len(lines)-1])
	return nil
}

// gauges are the sums of the metrics with these names.
func (s *server) gauges(ctx context.Context, names ...string) (map[string]float64, error) {
	text, err := fetch(ctx, s.metrics+"/metrics")
	if err != nil {
		return nil, err
	}
	found := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, want := range names {
			if name == want {
				n, err := strconv.ParseFloat(value, 64)
				if err != nil {
					return nil, err
				}
				found[name] += n
			}
		}
	}
	return found, nil
}

func fetch(ctx context.Context, url string) ([]byte, error) { return fetchAs(ctx, url, "") }

func fetchAs(ctx context.Context, url, secret string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if secret != "" {
		r.Header.Set("X-API-Key", secret)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return body, err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
