package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// lockDir keeps a second server off the data directory. The lock is the
// kernel's: it ends with this process, however it ends.
func lockDir(dataDir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dataDir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use by another server; stop it, or choose another DATA_DIR", dataDir), f.Close())
	}
	return f, nil
}

// password reads the cluster's password, which is made once.
func password(dataDir string) (string, error) {
	path := filepath.Join(dataDir, "postgres-password")
	known, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(known)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the database's password: %w", err)
	}
	var secret [32]byte
	rand.Read(secret[:]) // never fails (crypto/rand)
	text := base64.RawURLEncoding.EncodeToString(secret[:])
	if err := os.WriteFile(path+".new", []byte(text+"\n"), 0o600); err != nil {
		return "", err
	}
	return text, os.Rename(path+".new", path)
}

// initialise makes the cluster if there is none. It gets its name only when it
// is complete and on the disk, so that a killed start leaves no half of one.
func (s *Server) initialise(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.dir, "PG_VERSION")); err == nil {
		return nil
	}
	s.opts.Log.Info("making a PostgreSQL cluster", "version", s.bin.major, "directory", s.dir)
	fresh, secret := s.dir+".new", s.dir+".password"
	if err := errors.Join(os.RemoveAll(fresh), os.Mkdir(fresh, 0o700), os.WriteFile(secret, []byte(s.password), 0o600)); err != nil {
		return err
	}
	defer func() { _ = os.Remove(secret) }() // a leftover is as well kept as the password itself
	if err := s.identity.own(fresh, secret); err != nil {
		return err
	}
	args := []string{"-D", fresh, "-U", Owner, "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8"}
	args = append(args, locale()...)
	if s.opts.NoSync {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, s.bin.path("initdb"), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = s.identity.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	if err := os.Remove(s.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is neither a cluster nor empty; move it away: %w", s.dir, err)
	}
	if err := os.Rename(fresh, s.dir); err != nil {
		return err
	}
	return syncDir(s.opts.DataDir)
}

// locale sorts by code point, and knows the case of letters beyond ASCII where
// the platform lets it.
func locale() []string {
	if runtime.GOOS == "linux" {
		return []string{"--locale=C.UTF-8"}
	}
	return []string{"--locale=C", "--lc-ctype=en_US.UTF-8"}
}

// prepare makes the database and the logins, if they are missing.
func (s *Server) prepare(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.url(Owner, "postgres"))
	if err != nil {
		return fmt.Errorf("log in to the embedded PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var database, app, login bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1),
		EXISTS (SELECT FROM pg_roles WHERE rolname = $2), EXISTS (SELECT FROM pg_roles WHERE rolname = $3)`,
		Database, AppRole, ServerLogin).Scan(&database, &app, &login)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		done bool
		sql  string
	}{
		{app, "CREATE ROLE " + AppRole + " NOLOGIN"},
		{login, "CREATE ROLE " + ServerLogin + " LOGIN IN ROLE " + AppRole},
		// Each time: the password is the file's, whatever became of the file.
		{false, "ALTER ROLE " + ServerLogin + " PASSWORD '" + s.password + "'"}, // base64url: nothing to quote
		{database, "CREATE DATABASE " + Database},
	} {
		if step.done {
			continue
		}
		if _, err := conn.Exec(ctx, step.sql); err != nil {
			return fmt.Errorf("prepare the embedded PostgreSQL: %w", err)
		}
	}
	return nil
}

// freePort asks the kernel for a port. Another program may take it before
// postgres does; the start then fails, and is tried again with another.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lastLine is the part of a program's output that usually says what is wrong.
func lastLine(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(lines[len(lines)-1])
}
