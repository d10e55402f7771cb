package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// TestTwoServersOneBudget: 200 agents at once, one unit each, against a shared
// budget of 100, on two servers that share the database.
func TestTwoServersOneBudget(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	dir := t.TempDir() // the key-encryption key, as two machines would share it
	settings := []string{"DATABASE_URL=" + owner, "DATA_DIR=" + dir, "SIGNING_ALG=ES256"}
	servers := []running{start(t, settings...), start(t, settings...)}
	c := signUp(t, servers[0].url).key(`"admin","spend"`)
	for i := range 200 {
		c.must("POST", "/v1/agents", fmt.Sprintf(`{"handle":"bot-%d","name":"Bot"}`, i))
	}
	c.must("POST", "/v1/policies", `{"name":"Shared","status":"active","rules":[
		{"type":"limit","period":"month","amount":100,"currency":"usd","per":"company"}]}`)
	counts := map[string]int{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			replica := c
			replica.base = servers[i%2].url
			a := replica.insist(fmt.Sprintf(`{"agent":"bot-%d","amount":1,"currency":"usd","merchant":{"name":"AWS"}}`, i), fmt.Sprintf("key-%d", i))
			if a.status != http.StatusOK {
				t.Errorf("%d %s", a.status, a.body)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			counts[a.field(t, "decision")+" "+a.field(t, "reason_code")]++
		})
	}
	wait.Wait()
	if counts["APPROVED ok"] != 100 || counts["DENIED limit_exceeded"] != 100 {
		t.Fatalf("%v", counts)
	}
}

// TestKeyFilesMayDiffer: replicas that were given different key-encryption keys
// still verify each other's sessions and API keys.
func TestKeyFilesMayDiffer(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	one, two := start(t, "DATABASE_URL="+owner, "SIGNING_ALG=ES256"), start(t, "DATABASE_URL="+owner, "SIGNING_ALG=ES256")
	c := signUp(t, one.url)
	key := c.key(`"admin"`)
	c.base, key.base = two.url, two.url
	c.must("GET", "/v1/company", "")
	key.must("GET", "/v1/agents", "")
}
