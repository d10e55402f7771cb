package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var place = filepath.Join(os.TempDir(), "purser-cli-"+rand.Text())

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := server(); err == nil && s != nil {
		_ = s.command.Process.Signal(syscall.SIGTERM)
		_ = s.command.Wait()
	}
	_ = os.RemoveAll(place)
	os.Exit(code)
}

// running is the real server, as a stranger starts it.
type running struct {
	command *exec.Cmd
	address string
	log     bytes.Buffer
}

// server is started once for all tests.
var server = sync.OnceValues(func() (*running, error) {
	path := filepath.Join(place, "web")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "../web").CombinedOutput(); err != nil {
		return nil, &exec.Error{Name: string(out), Err: err}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	s := &running{address: "http://127.0.0.1:" + port}
	s.command = exec.Command(path)
	s.command.Env = append(os.Environ(), "PORT="+port, "BASE_URL="+s.address, "DATA_DIR="+filepath.Join(place, "data"), "METRICS_ADDR=", "DATABASE_URL=", "LOG_LEVEL=error", "WEBHOOK_ALLOW_LOOPBACK=true")
	s.command.Stdout, s.command.Stderr = &s.log, &s.log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	for range 600 {
		if r, err := http.Get(s.address + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return s, nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return s, &exec.Error{Name: s.log.String(), Err: exec.ErrNotFound}
})

// desk is one person's terminal: a config directory of their own, and the
// server's address in the environment.
type desk struct {
	t   *testing.T
	env map[string]string
	in  string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t: t, env: map[string]string{"PURSER_CONFIG_DIR": t.TempDir(), "PURSER_SERVER": s.address}}
}

// purser runs a command line.
func (d *desk) purser(args ...string) (status int, out, problems string) {
	d.t.Helper()
	var o, p bytes.Buffer
	// Kong reads the environment itself, so what it would find is said as flags.
	if args[0] != "completion" {
		args = slices.Concat(args[:1:1], args[1:])
	}
	w := world{in: strings.NewReader(d.in), out: &o, problems: &p, getenv: func(name string) string { return d.env[name] }}
	status = run(d.t.Context(), append(d.flags(), args...), w)
	return status, o.String(), p.String()
}

func (d *desk) flags() (flags []string) {
	for variable, flag := range map[string]string{"PURSER_SERVER": "--server=", "PURSER_API_KEY": "--api-key=", "PURSER_MODE": "--mode=", "PURSER_AGENT": "--agent="} {
		if d.env[variable] != "" {
			flags = append(flags, flag+d.env[variable])
		}
	}
	return flags
}

// must runs a command line that has to end with this status, and gives what it
// printed.
func (d *desk) must(status int, args ...string) string {
	d.t.Helper()
	got, out, problems := d.purser(args...)
	if got != status {
		d.t.Fatalf("purser %s ended with %d, not %d:\n%s%s", strings.Join(args, " "), got, status, out, problems)
	}
	return out
}

// read is must with --json, decoded.
func (d *desk) read(status int, args ...string) map[string]any {
	d.t.Helper()
	out := d.must(status, append(args, "--json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		d.t.Fatalf("purser %s printed no JSON: %v\n%s", strings.Join(args, " "), err, out)
	}
	return v
}

// mailed is the link in the newest mail to an address.
func mailed(t *testing.T, to string) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Get(s.address + "/dev/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var mails []struct{ To, Text string }
	if err := json.Unmarshal(body, &mails); err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if at := strings.Index(m.Text, "http://"); m.To == to && at >= 0 {
			return strings.Fields(m.Text[at:])[0]
		}
	}
	t.Fatalf("no mail to %s", to)
	return ""
}

// owner is a desk whose person signed in and made a company, acting in test
// mode.
func owner(t *testing.T, email string) *desk {
	t.Helper()
	d := newDesk(t)
	d.env["PURSER_MODE"] = "test"
	d.must(exitRefused, "auth", "login", email) // nothing was pasted
	d.must(exitDone, "auth", "verify", mailed(t, email))
	d.must(exitDone, "company", "create", "Acme", "--currency=usd")
	return d
}

// file is a document on disk.
func (d *desk) file(text string) string {
	d.t.Helper()
	path := filepath.Join(d.t.TempDir(), "document.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}
