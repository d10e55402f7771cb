package access_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

// BenchmarkKnownKey is what a request with a known key pays to be let in, the
// counting of its limits included.
func BenchmarkKnownKey(b *testing.B) {
	pool := pgtest.New(b)
	log := slog.New(slog.DiscardHandler)
	signer, err := sign.Open(b.Context(), pool, sign.Config{Algorithm: sign.ES256, KeyEncryptionKey: bytes.Repeat([]byte{1}, sign.KeySize),
		MaxTokenLifetime: time.Hour, ReloadEvery: time.Second, Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	companies := company.New(pool)
	a, err := access.Open(b.Context(), pool, companies, signer, access.Config{BaseURL: base, Mailer: &outbox{}, Logger: log})
	if err != nil {
		b.Fatal(err)
	}
	var secret string
	err = pool.InTx(b.Context(), func(ctx context.Context, tx pgx.Tx) error {
		person := company.Person{ID: ident.New(), Email: "ada@example.com"}
		if _, err := tx.Exec(ctx, "INSERT INTO people (person_id, email) VALUES ($1, $2)", person.ID, person.Email); err != nil {
			return err
		}
		c, m, err := companies.Create(ctx, tx, audit.Person(person.ID, ""), person, company.NewCompany{Name: "Acme"})
		if err != nil {
			return err
		}
		owner := access.Principal{Kind: access.BySession, Tenant: ident.Tenant{Company: c.ID, Live: true}, Person: person.ID,
			Member: m.ID, Role: m.Role, Scopes: []access.Scope{access.ScopeAdmin, access.ScopeSpend}}
		_, secret, err = a.CreateKey(ctx, tx, owner, "", access.NewKey{Name: "k", Scopes: []string{"spend"},
			Limits: &access.Limits{PerMinute: 1_000_000}})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p, err := a.Authenticate(b.Context(), secret)
		if err != nil {
			b.Fatal(err)
		}
		if admission, err := a.Admit(b.Context(), p); err == nil {
			admission.Release()
		}
	}
}
