package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
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

// actors are programs that tests need as processes of their own: this binary is
// started again, with the actor's name as its first argument.
var actors = map[string]func(args []string) int{
	"as-purser": func(args []string) int {
		return run(context.Background(), args, world{in: os.Stdin, out: os.Stdout, problems: os.Stderr, getenv: os.Getenv})
	},
	"as-wallet": wallet,
	"as-mailbox": func(args []string) int {
		link, err := newestLink(args[0], args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(link)
		return 0
	},
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && actors[os.Args[1]] != nil {
		os.Exit(actors[os.Args[1]](os.Args[2:]))
	}
	code := m.Run()
	if s, err := server(); err == nil && s != nil {
		s.end(syscall.SIGTERM)
	}
	_ = os.RemoveAll(place)
	os.Exit(code)
}

// running is the real server, as a stranger starts it.
type running struct {
	command             *exec.Cmd
	data, port, address string
	log                 bytes.Buffer
}

// server is started once for all tests.
var server = sync.OnceValues(func() (*running, error) {
	s, err := newServer(filepath.Join(place, "data"))
	if err != nil {
		return nil, err
	}
	return s, s.start()
})

// program is the server's, built once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(place, "web")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "../web").CombinedOutput(); err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return path, nil
})

// newServer is one with data of its own, and starts nothing.
func newServer(data string) (*running, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return &running{data: data, port: port, address: "http://127.0.0.1:" + port}, l.Close()
}

// start runs it until it is ready.
func (s *running) start() error {
	path, err := program()
	if err != nil {
		return err
	}
	s.command = exec.Command(path)
	s.command.Env = append(os.Environ(), "PORT="+s.port, "BASE_URL="+s.address, "DATA_DIR="+s.data, "METRICS_ADDR=", "DATABASE_URL=", "LOG_LEVEL=error", "WEBHOOK_ALLOW_LOOPBACK=true")
	s.command.Stdout, s.command.Stderr = &s.log, &s.log
	if err := s.command.Start(); err != nil {
		return err
	}
	for range 600 {
		if r, err := http.Get(s.address + "/readyz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return &exec.Error{Name: s.log.String(), Err: exec.ErrNotFound}
}

// end stops it with a signal and waits until it is gone.
func (s *running) end(how syscall.Signal) {
	_ = s.command.Process.Signal(how)
	_ = s.command.Wait()
}

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
	return s.desk(t)
}

func (s *running) desk(t *testing.T) *desk {
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
func mailed(t *testing.T, server, to string) string {
	t.Helper()
	link, err := newestLink(server, to)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func newestLink(server, to string) (string, error) {
	r, err := http.Get(server + "/dev/mail.json")
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Body.Close() }()
	var mails []struct{ To, Text string }
	if err := json.NewDecoder(r.Body).Decode(&mails); err != nil {
		return "", err
	}
	for _, m := range mails {
		if at := strings.Index(m.Text, "http://"); m.To == to && at >= 0 {
			return strings.Fields(m.Text[at:])[0], nil
		}
	}
	return "", errors.New("no mail to " + to)
}

// owner is a desk whose person signed in and made a company, acting in test
// mode.
func owner(t *testing.T, email string) *desk {
	t.Helper()
	return newDesk(t).owner(email)
}

func (d *desk) owner(email string) *desk {
	d.t.Helper()
	d.env["PURSER_MODE"] = "test"
	d.must(exitRefused, "auth", "login", email) // nothing was pasted
	d.must(exitDone, "auth", "verify", mailed(d.t, d.env["PURSER_SERVER"], email))
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
