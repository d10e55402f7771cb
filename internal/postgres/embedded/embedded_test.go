package embedded

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain makes this binary also the server process that a test can kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PURSER_TEST_SERVE"); dir != "" {
		s, err := Start(context.Background(), Options{DataDir: dir, NoSync: true})
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		fmt.Println(s.OwnerURL())
		select {}
	}
	os.Exit(m.Run())
}

// start runs a cluster that only a crash of the machine could harm, which is
// no test's business but one: syncing costs seconds on a busy disk.
func start(t *testing.T, dir string) *Server {
	t.Helper()
	return startWith(t, Options{DataDir: dir, NoSync: true})
}

func startWith(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() }) // a test that minds has stopped it
	return s
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var got string
	if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func mark(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "CREATE TABLE mark AS SELECT 'still here' AS text"); err != nil {
		t.Fatal(err)
	}
}

func wantMark(t *testing.T, s *Server) {
	t.Helper()
	if got := query(t, s.OwnerURL(), "SELECT text FROM mark"); got != "still here" {
		t.Fatalf("the mark says %q", got)
	}
}

func TestStopAndStartAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startWith(t, Options{DataDir: dir})
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := query(t, s.URL(), "SHOW "+name); got != "on" {
			t.Errorf("%s is %s", name, got)
		}
	}
	if got := query(t, s.URL(), "SHOW listen_addresses"); got != "127.0.0.1" {
		t.Errorf("it listens on %s", got)
	}
	mark(t, s.OwnerURL())
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if pid, _ := readPidFile(s.dir); pid != 0 {
		t.Fatal("it was not shut down cleanly")
	}
	wantMark(t, startWith(t, Options{DataDir: dir}))
	info, err := os.Stat(filepath.Join(dir, "postgres-password"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("password file: %v %v", info.Mode(), err)
	}
}

func TestServerLoginIsPowerless(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	if got := query(t, s.URL(), "SELECT rolsuper::text FROM pg_roles WHERE rolname = session_user"); got != "false" {
		t.Fatal("the server logs in as a superuser")
	}
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range []string{"SET ROLE " + Owner, "SET SESSION AUTHORIZATION " + Owner, "CREATE TABLE x (y int)", "CREATE ROLE z"} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was allowed", sql)
		}
	}
	wrong := strings.Replace(s.URL(), s.password, "guess", 1)
	if _, err := pgx.Connect(t.Context(), wrong); err == nil {
		t.Error("a wrong password was let in")
	}
}

// TestTakesOverAfterKill kills the server process as a person or the kernel
// might, and starts on its data at once.
func TestTakesOverAfterKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "PURSER_TEST_SERVE="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(url, "postgres://") {
		t.Fatalf("%q %v", url, err)
	}
	mark(t, strings.TrimSpace(url))
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	wantMark(t, start(t, dir))
}

// TestTakesOverOrphan starts postgres as a run without a signal on its parent's
// death would have left it: alive.
func TestTakesOverOrphan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	mark(t, s.OwnerURL())
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	orphan := exec.Command(s.bin.path("postgres"), s.args()...)
	orphan.Dir, orphan.SysProcAttr = "/", s.identity.attributes()
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = orphan.Wait(); close(ended) }()
	for pid, status := 0, ""; pid != orphan.Process.Pid || status != "ready"; time.Sleep(poll) {
		pid, status = readPidFile(s.dir)
	}
	wantMark(t, start(t, dir))
	select {
	case <-ended:
	case <-time.After(time.Second):
		t.Fatal("the orphan still runs")
	}
}

// TestPidOfSomethingElse has a pid file that names a living process, this one,
// which is no postmaster: after a restart of the machine or a container.
func TestPidOfSomethingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	mark(t, s.OwnerURL())
	file, err := os.ReadFile(pidFile(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(file), "\n")
	if err := os.WriteFile(pidFile(s.dir), []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	wantMark(t, start(t, dir))
}

func TestSecondStartIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	_, err := Start(t.Context(), Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by another server") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("the second start said %v", err)
	}
	query(t, s.URL(), "SELECT 'unharmed'")
}

// TestComesBack kills postgres itself: it is started again, on the same
// address, with what was committed.
func TestComesBack(t *testing.T) {
	t.Parallel()
	s := startWith(t, Options{DataDir: t.TempDir()})
	mark(t, s.OwnerURL())
	before, _ := readPidFile(s.dir)
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(poll) {
		if pid, status := readPidFile(s.dir); pid != before && status == "ready" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it did not come back")
		}
	}
	wantMark(t, s)
}

func TestKilledInitdb(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	found, err := find(t.Context(), dir)
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	half := filepath.Join(dir, newest(found).dirName()+".new")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	query(t, start(t, dir).URL(), "SELECT 'fine'")
}

// TestEveryIdentity runs the cluster as each user that this process can lend
// it: the one it would choose, and, for root, a true other user.
func TestEveryIdentity(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	if os.Geteuid() != 0 {
		if s.identity.how != "self" {
			t.Fatalf("an ordinary user runs it as %q", s.identity.how)
		}
		return
	}
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// A directory that is another user's makes root become that user.
	cluster := filepath.Join(dir, s.bin.dirName())
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	if err := os.Mkdir(cluster, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(cluster, uid, -1); err != nil {
		t.Fatal(err)
	}
	lent := start(t, dir)
	mark(t, lent.OwnerURL())
	if owner, _ := ownerOf(cluster); owner != uid || lent.identity.how != "credential" {
		t.Fatalf("uid %d owns it, run as %v", owner, lent.identity)
	}
	if err := lent.Stop(); err != nil {
		t.Fatal(err)
	}
	wantMark(t, start(t, dir))
}
