package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// notary signs every log's checkpoints with one key.
type notary struct{ private ed25519.PrivateKey }

func newNotary() notary {
	return notary{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))}
}

func (n notary) CheckpointKeys(origin string) ([]string, error) {
	k, err := note.NewEd25519VerifierKey(origin, n.private.Public().(ed25519.PublicKey))
	return []string{k}, err
}

func (n notary) CheckpointSigner(origin string) (note.Signer, error) {
	keys, err := n.CheckpointKeys(origin)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(keys[0])
	return noteSigner{v, n.private}, err
}

type noteSigner struct {
	note.Verifier
	private ed25519.PrivateKey
}

func (s noteSigner) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.private, text), nil }

// world is one database with its log, as the server sees it and as its owner.
type world struct {
	t      *testing.T
	app    *postgres.Pool
	owner  *postgres.Pool
	log    *audit.Log
	tenant ident.Tenant
}

func newWorld(t *testing.T) world {
	t.Helper()
	ownerURL, _ := pgtest.NewURLs(t)
	w := world{t: t, tenant: ident.Tenant{Company: ident.New(), Live: true},
		app: connect(t, ownerURL, postgres.AppRole), owner: connect(t, ownerURL, "")}
	w.log = audit.New(w.app, newNotary(), discard)
	return w
}

func connect(t *testing.T, url, role string) *postgres.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: url, Role: role, MaxConns: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

var discard = slog.New(slog.DiscardHandler)

var member = audit.Member(ident.New(), "req_1")

func (w world) append(t ident.Tenant, by audit.Actor, events ...audit.Event) error {
	return w.app.InTx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		return audit.Append(ctx, tx, t, by, events...)
	})
}

// write appends n events, in transactions of a hundred.
func (w world) write(n int) {
	w.t.Helper()
	agent := ident.New()
	for from := 0; from < n; from += 100 {
		var events []audit.Event
		for i := from; i < min(from+100, n); i++ {
			events = append(events, audit.Event{Type: "agent.updated", Agent: &agent, Subject: ident.Format(ident.Agent, agent),
				Data: map[string]any{"n": i, "name": "Zoë <b>&\u2028", "amount": "10.00"}})
		}
		if err := w.append(w.tenant, member, events...); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w world) verify() audit.Report {
	w.t.Helper()
	r, err := w.log.Verify(w.t.Context(), w.tenant)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w world) checkpoint() audit.Checkpoint {
	w.t.Helper()
	c, err := w.log.Checkpoint(w.t.Context(), w.tenant)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w world) keys() []string {
	keys, _ := newNotary().CheckpointKeys(audit.Origin(w.tenant))
	return keys
}

var errUnchanged = errors.New("the statement changed nothing")

// asOwner runs SQL with the append-only trigger out of the way.
func (w world) asOwner(sql string, args ...any) error {
	return w.owner.InTx(w.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, sql, args...)
		if err == nil && tag.RowsAffected() == 0 {
			err = errUnchanged
		}
		return err
	})
}

func TestAppendKeepsOrderAndActor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	var events []audit.Event
	for i := range 40 {
		want = append(want, fmt.Sprint(i))
		events = append(events, audit.Event{Type: "member.invited", Subject: fmt.Sprint(i), Raw: json.RawMessage(` { "b" : 1.0, "a" : "\u0041" } `)})
	}
	if err := w.append(w.tenant, member, events...); err != nil {
		t.Fatal(err)
	}
	records, err := w.log.After(t.Context(), w.tenant, audit.Filter{}, -1, 100)
	if err != nil || len(records) != 0 {
		t.Fatalf("listed before it is sealed: %v, %v", records, err)
	}
	if err := w.log.SealNow(t.Context(), w.tenant); err != nil {
		t.Fatal(err)
	}
	if records, err = w.log.After(t.Context(), w.tenant, audit.Filter{}, -1, 100); err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if r.Subject != want[i] || r.Position != int64(i) || r.Actor != member.String() || r.RequestID != "req_1" {
			t.Fatalf("at %d: %+v", i, r)
		}
		if string(r.Data) != `{"a":"A","b":1.0}` {
			t.Fatalf("data %s", r.Data)
		}
	}
	if len(records) != len(want) {
		t.Fatalf("%d records", len(records))
	}
}

func TestNobodyMayNotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := audit.Event{Type: "agent.created"}
	for name, by := range map[string]audit.Actor{"zero": {}, "a member without id": {Kind: audit.ByMember},
		"another kind": {Kind: "root", ID: ident.New()}} {
		if err := w.append(w.tenant, by, good); err == nil {
			t.Errorf("%s wrote", name)
		}
	}
	for name, e := range map[string]audit.Event{"no type": {}, "no JSON": {Type: "x", Raw: json.RawMessage(`{`)},
		"a duplicate name": {Type: "x", Raw: json.RawMessage(`{"a":1,"a":2}`)}} {
		if err := w.append(w.tenant, audit.System(), e); err == nil {
			t.Errorf("an event with %s was written", name)
		}
	}
	if err := w.append(w.tenant, audit.System(), good); err != nil {
		t.Error(err)
	}
}

// TestServerMayNotRewrite tries as the server's role what only tampering does.
func TestServerMayNotRewrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(3)
	w.checkpoint()
	for _, sql := range []string{
		"UPDATE audit_events SET type = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events",
		"UPDATE audit_tiles SET first = 9", "DELETE FROM audit_tiles", "TRUNCATE audit_tiles",
		"UPDATE audit_runs SET first = 9", "UPDATE audit_runs SET leaf_hashes = sha256(leaf_hashes) || substr(leaf_hashes, 33)",
		"UPDATE audit_runs SET event_ids = event_ids[2:]", "UPDATE audit_runs SET event_ids[1] = event_ids[2]",
		"DELETE FROM audit_runs", "TRUNCATE audit_runs",
		"UPDATE audit_strays SET position = 9", "DELETE FROM audit_strays", "TRUNCATE audit_strays",
		"UPDATE audit_hashes SET number = 9", "DELETE FROM audit_hashes",
		"DELETE FROM audit_heads", "SET session_replication_role = replica",
		"ALTER TABLE audit_events DISABLE TRIGGER ALL", "DROP TABLE audit_events",
	} {
		if _, err := w.app.Exec(t.Context(), sql); err == nil {
			t.Errorf("the server may %s", sql)
		}
	}
	for _, sql := range []string{"UPDATE audit_events SET type = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"} {
		if _, err := w.owner.Exec(t.Context(), sql); err == nil {
			t.Errorf("the owner may %s in passing", sql)
		}
	}
	if r := w.verify(); !r.OK || r.Checked != 3 {
		t.Errorf("%+v", r)
	}
}
