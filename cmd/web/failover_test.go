package main

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// pair is a primary and its standby, as an operator or Patroni keeps them.
type pair struct {
	t                *testing.T
	primary, standby *pgtest.Node
}

// newPair starts both and waits until the standby has everything. Nothing is
// synced to the disk: what is killed is processes.
func newPair(t *testing.T) *pair {
	t.Helper()
	dir := pgtest.NodeDir(t)
	settings := []string{"fsync=off", "max_connections=200", "wal_keep_size=64MB"}
	p := &pair{t: t, primary: pgtest.NewNode(t, dir, "a", settings...)}
	p.primary.Start()
	p.primary.CreateDatabase()
	p.standby = pgtest.NewStandby(t, p.primary, dir, "b", settings...)
	p.standby.Start()
	return p
}

// url names both, and asks for the one that can write.
func (p *pair) url() string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d,127.0.0.1:%d/%s?sslmode=disable&target_session_attrs=read-write&connect_timeout=2",
		embedded.Owner, p.primary.Port(), p.standby.Port(), embedded.Database)
}

// synchronous makes every commit wait for the standby, once that has caught up.
func (p *pair) synchronous() {
	p.t.Helper()
	p.primary.Exec("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
	p.primary.Await("SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming' AND flush_lsn >= pg_current_wal_lsn())")
}

// alone lets the primary commit without a standby.
func (p *pair) alone() {
	p.t.Helper()
	p.primary.Exec("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
}

// failOver has the primary killed, or hang without a word, and promotes the
// standby, which first works alone.
func (p *pair) failOver(how syscall.Signal) {
	p.t.Helper()
	p.primary.Signal(how)
	p.primary, p.standby = p.standby, p.primary
	p.primary.Promote()
	p.alone()
}

// rejoin brings the lost primary back as the standby. One that hangs is killed
// first, as whoever promotes another has to make sure.
func (p *pair) rejoin() {
	p.t.Helper()
	p.standby.Signal(syscall.SIGKILL)
	p.standby.Refollow(p.primary)
	p.standby.Start()
	p.synchronous()
}

// TestFailovers kills the primary under load, or lets it hang, and promotes its
// synchronous standby, again and again. Nothing that was answered may be lost.
func TestFailovers(t *testing.T) {
	t.Parallel()
	databases := newPair(t)
	databases.synchronous()
	p := newProcess(t, "DATABASE_URL="+databases.url())
	p.start()
	l := newLoad(t, p.url(), 8)
	failovers := rounds(t, "PURSER_FAILOVERS", 2)
	for i := range failovers {
		time.Sleep(500*time.Millisecond + time.Duration(i%5)*130*time.Millisecond)
		start := time.Now()
		how := []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP}[i%2]
		databases.failOver(how)
		promoted := time.Since(start)
		l.await(20) // more than wait already
		served := time.Since(start)
		databases.rejoin()
		t.Logf("failover %d (%v): promoted after %v, served after %v, synchronous again after %v", i+1, how, promoted, served, time.Since(start))
	}
	time.Sleep(500 * time.Millisecond)
	l.end()
	judge(t, l, databases.url()).mustBeClean(t, fmt.Sprintf("%d failovers", failovers), 20)
	p.stop()
}

// TestFailoverFaultsAreFound has a standby that nobody waits for, and that lags.
func TestFailoverFaultsAreFound(t *testing.T) {
	t.Parallel()
	databases := newPair(t)
	p := newProcess(t, "DATABASE_URL="+databases.url())
	p.start()
	l := newLoad(t, p.url(), 4)
	time.Sleep(300 * time.Millisecond)
	databases.standby.Exec("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
	time.Sleep(700 * time.Millisecond)
	databases.failOver(syscall.SIGKILL)
	time.Sleep(500 * time.Millisecond)
	l.end()
	judge(t, l, databases.url()).mustBlame(t, lostEffects)
}

// TestStandbyIsLost: while commits wait for a standby that is gone, nobody is
// told that anything was decided, repeated or not. What they asked for is
// decided once, and that they hear when the standby is back.
func TestStandbyIsLost(t *testing.T) {
	t.Parallel()
	databases := newPair(t)
	databases.synchronous()
	p := newProcess(t, "DATABASE_URL="+databases.url())
	p.start()
	c := signUp(t, p.url()).key(`"admin","spend"`)
	c.must("POST", "/v1/agents", `{"handle":"bot","name":"Bot"}`)
	c.must("POST", "/v1/policies", `{"name":"p","status":"active","rules":[{"type":"limit","period":"month","amount":100,"currency":"usd"}]}`)
	const body = `{"agent":"bot","amount":1,"currency":"usd","merchant":{"name":"AWS"}}`
	databases.standby.Signal(syscall.SIGKILL)
	var wait sync.WaitGroup
	wait.Go(func() {
		for range 2 { // the second finds what the first has left
			mustNotKnow(t, c, "/v1/agents", `{"handle":"other","name":"Other"}`, "agent", 10*time.Second)
		}
	})
	for range 3 { // the gate itself lets go after 5 s
		mustNotKnow(t, c, "/v1/authorize", body, "lost", 3*time.Second)
		time.Sleep(2 * time.Second)
	}
	wait.Wait()
	databases.standby.Start()
	first, second := c.insist(body, "lost"), c.insist(body, "lost")
	if first.status != http.StatusOK || first.field(t, "id") != second.field(t, "id") {
		t.Errorf("back: %d %s, and then %s", first.status, first.body, second.body)
	}
	if used := c.must("GET", "/v1/budget/bot", ""); !bytes.Contains(used.body, []byte(`"remaining":99.00`)) {
		t.Errorf("the budget after one authorization: %s", used.body)
	}
}

// mustNotKnow sends a request to a server that cannot know what becomes of it.
func mustNotKnow(t testing.TB, c caller, path, body, key string, within time.Duration) {
	t.Helper()
	start := time.Now()
	a, err := c.try("POST", path, body, "Idempotency-Key", key)
	if err != nil {
		t.Error(err)
		return
	}
	if took := time.Since(start); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || took > within {
		t.Errorf("%s without the standby: %d %s after %v", path, a.status, a.body, took)
	}
}
