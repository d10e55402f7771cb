package sign_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

// run keeps a replica's keys fresh until the test ends.
func run(t *testing.T, keys *sign.KeySet) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { keys.Run(ctx) })
	t.Cleanup(func() { stop(); done.Wait() })
}

func verify(t *testing.T, keys *sign.KeySet, token string) error {
	t.Helper()
	var got claims
	return keys.Verify(t.Context(), token, want(), &got)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

func kids(t *testing.T, keys *sign.KeySet) []string {
	t.Helper()
	body, _ := keys.JWKS()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range set.Keys {
		out = append(out, k.Kid)
	}
	return out
}

func exec(t *testing.T, pool *postgres.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func TestReplicasThatStartTogetherShareOneKey(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	var started sync.WaitGroup
	replicas := make([]*sign.KeySet, 4)
	failures := make([]error, len(replicas))
	for i := range replicas {
		started.Go(func() { replicas[i], failures[i] = sign.Open(t.Context(), pool, config(sign.RS256, 1)) })
	}
	started.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	first, _ := replicas[0].Signer()
	for _, r := range replicas {
		if kid, _ := r.Signer(); kid != first || len(kids(t, r)) != 1 {
			t.Fatalf("signs with %s, shows %v, the first with %s", kid, kids(t, r), first)
		}
	}
}

func TestReplicasWithOtherKeyFilesVerifyEachOther(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a := open(t, pool, config(sign.ES256, 1))
	b := open(t, pool, config(sign.EdDSA, 2))
	if err := verify(t, b, token(t, a)); err != nil {
		t.Errorf("b on a's token: %v", err)
	}
	if err := verify(t, a, token(t, b)); err != nil {
		t.Errorf("a on b's token, whose key it has not seen: %v", err)
	}
	setA, tagA := a.JWKS()
	setB, tagB := b.JWKS()
	if string(setA) != string(setB) || tagA != tagB {
		t.Errorf("two key sets: %s and %s", setA, setB)
	}
}

func TestRestartKeepsTheKey(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before, _ := open(t, pool, config(sign.EdDSA, 1)).Signer()
	after, _ := open(t, pool, config(sign.EdDSA, 1)).Signer()
	if before != after {
		t.Fatalf("%s became %s", before, after)
	}
}

// TestRotationUnderUse signs and verifies on two replicas while keys rotate:
// no token may fail, and a key must be shown before it signs.
func TestRotationUnderUse(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a, b := open(t, pool, config(sign.ES256, 1)), open(t, pool, config(sign.ES256, 1))
	run(t, a)
	run(t, b)
	ctx, stop := context.WithCancel(t.Context())
	var users sync.WaitGroup
	for _, pair := range [][2]*sign.KeySet{{a, b}, {b, a}, {a, b}, {b, a}} {
		users.Go(func() { use(ctx, t, pair[0], pair[1]) })
	}
	early := token(t, a)
	first, _ := a.Signer()
	for range 3 {
		before, _ := b.Signer()
		if err := a.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if now, _ := a.Signer(); now != before {
			t.Error("the new key signs at once")
		}
		eventually(t, "both replicas sign with the new key", func() bool {
			ka, _ := a.Signer()
			kb, _ := b.Signer()
			return ka != before && ka == kb
		})
	}
	stop()
	users.Wait()
	if err := verify(t, b, early); err != nil {
		t.Errorf("a token of the first key: %v", err)
	}
	if got := kids(t, b); len(got) != 4 || got[3] != first {
		t.Errorf("shown: %v", got)
	}
}

func use(ctx context.Context, t *testing.T, from, to *sign.KeySet) {
	for ctx.Err() == nil {
		s, err := from.Sign(spend, valid(time.Now()))
		if err != nil {
			t.Error(err)
			return
		}
		var got claims
		if err := to.Verify(t.Context(), s, want(), &got); err != nil {
			t.Errorf("during rotation: %v", err)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestOldKeyIsShownUntilItsLastTokenHasExpired(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	keys := open(t, pool, config(sign.EdDSA, 1))
	old := token(t, keys)
	kid, _ := keys.Signer()
	if err := keys.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var longEnough bool
	err := pool.QueryRow(t.Context(), `SELECT shown_until >= signs_until + interval '1 hour'
		AND signs_until > clock_timestamp() FROM signing_keys WHERE key_id = $1`, kid).Scan(&longEnough)
	if err != nil || !longEnough {
		t.Fatalf("shown long enough: %v, %v", longEnough, err)
	}
	// The new one signs from now on: with none that signs, a third would be made.
	exec(t, pool, `UPDATE signing_keys SET signs_from = now() WHERE key_id <> $1 AND purpose = 'token'`, kid)
	exec(t, pool, `UPDATE signing_keys SET signs_until = now() - interval '2 hours', shown_until = now() WHERE key_id = $1`, kid)
	run(t, keys)
	eventually(t, "the old key is gone", func() bool {
		return len(kids(t, keys)) == 1 && fault.Is(verify(t, keys, old), "token_invalid")
	})
}

func TestKeysRotateByThemselvesOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	c := config(sign.EdDSA, 1)
	c.RotateAfter = time.Hour
	a, b := open(t, pool, c), open(t, pool, c)
	first, _ := a.Signer()
	run(t, a)
	run(t, b)
	exec(t, pool, `UPDATE signing_keys SET signs_from = signs_from - interval '61 minutes' WHERE key_id = $1`, first)
	eventually(t, "both sign with a new key", func() bool {
		ka, _ := a.Signer()
		kb, _ := b.Signer()
		return ka != first && ka == kb
	})
	if n := len(kids(t, a)); n != 2 {
		t.Fatalf("%d keys for one rotation", n)
	}
}

func TestAbandonedKeyIsRetired(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	gone, _ := open(t, pool, config(sign.EdDSA, 9)).Signer()
	exec(t, pool, `UPDATE signing_keys SET signs_from = signs_from - interval '3 hours'`)
	c := config(sign.EdDSA, 1)
	c.RotateAfter = time.Hour
	open(t, pool, c)
	var retired bool
	err := pool.QueryRow(t.Context(), `SELECT shown_until IS NOT NULL FROM signing_keys WHERE key_id = $1`, gone).Scan(&retired)
	if err != nil || !retired {
		t.Fatalf("retired: %v, %v", retired, err)
	}
}

// TestDamagedRowsAreNotUsed swaps the parts of two keys in the database.
func TestDamagedRowsAreNotUsed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	first := open(t, pool, config(sign.EdDSA, 1))
	kid, _ := first.Signer()
	open(t, pool, config(sign.EdDSA, 2))
	exec(t, pool, `UPDATE signing_keys k SET public_key = o.public_key FROM signing_keys o
		WHERE k.key_id = $1 AND o.key_id <> $1 AND o.purpose = 'token'`, kid)
	again := open(t, pool, config(sign.EdDSA, 1))
	if now, _ := again.Signer(); now == kid {
		t.Error("signs with a damaged key")
	}
	if err := verify(t, again, token(t, first)); !fault.Is(err, "token_invalid") {
		t.Errorf("a damaged key verifies: %v", err)
	}
	exec(t, pool, `UPDATE signing_keys k SET sealed_private = o.sealed_private FROM signing_keys o
		WHERE k.purpose = 'token' AND o.purpose = 'checkpoint'`)
	fresh, _ := open(t, pool, config(sign.EdDSA, 1)).Signer()
	if now, _ := again.Signer(); fresh == now {
		t.Error("signs with another row's secret")
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	short := config(sign.EdDSA, 1)
	short.KeyEncryptionKey = short.KeyEncryptionKey[:16]
	for name, c := range map[string]sign.Config{"HS256": config("HS256", 1), "none": config("none", 1), "short key": short} {
		if _, err := sign.Open(t.Context(), pool, c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	keys := open(t, pool, config(sign.EdDSA, 1))
	var got claims
	if err := keys.Verify(t.Context(), token(t, keys), sign.Expect{Type: spend, Issuer: issuer}, &got); err == nil {
		t.Error("verified for any audience")
	}
}
