package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// TestDatabaseRefuses tries, as the owner and as the server, what the books
// must not let anybody do.
func TestDatabaseRefuses(t *testing.T) {
	t.Parallel()
	ownerURL, appURL := pgtest.NewURLs(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: appURL, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	w := world{t, pool, ledger.New(pool), ident.Tenant{Company: ident.New(), Live: true}}
	x, err := w.post("a", ledger.Move(funding, usd, 500)...)
	if err != nil {
		t.Fatal(err)
	}
	in := func(id uuid.UUID, entries int) string {
		return fmt.Sprintf(`INSERT INTO ledger_transactions (company_id, live, transaction_id, key, digest, kind, entries, posted_by, created_at)
			VALUES ('%s', true, '%s', '%s', '', 'k', %d, 'system', now());`, w.side.Company, id, id, entries)
	}
	entry := func(id uuid.UUID, number, line, amount int) string {
		return fmt.Sprintf(`INSERT INTO ledger_entries (company_id, live, transaction_id, number, account_id, currency, amount, created_at)
			VALUES ('%s', true, '%s', %d, '%s', 'usd', %d, now());`, w.side.Company, id, number, x.Lines[line].Account, amount)
	}
	id := ident.New()
	tries := map[string]struct{ sql, says string }{
		"uneven":                 {in(id, 2) + entry(id, 1, 0, 5) + entry(id, 2, 1, -4), "does not balance"},
		"no entries":             {in(id, 2), "does not balance"},
		"fewer entries":          {in(id, 3) + entry(id, 1, 0, 5) + entry(id, 2, 1, -5), "does not balance"},
		"an entry added":         {entry(x.ID, 3, 0, 5), "does not balance"},
		"balanced ones added":    {entry(x.ID, 3, 0, 5) + entry(x.ID, 4, 1, -5), "does not balance"},
		"one entry":              {in(id, 1) + entry(id, 1, 0, 5), "check constraint"},
		"another currency":       {strings.Replace(in(id, 2)+entry(id, 1, 0, 5)+entry(id, 2, 1, -5), "'usd'", "'eur'", 1), "foreign key"},
		"a changed entry":        {`UPDATE ledger_entries SET amount = amount * 2`, ""},
		"a deleted entry":        {`DELETE FROM ledger_entries`, ""},
		"emptied entries":        {`TRUNCATE ledger_entries`, ""},
		"a changed transaction":  {`UPDATE ledger_transactions SET reference = 'x'`, ""},
		"a deleted transaction":  {`DELETE FROM ledger_transactions`, ""},
		"emptied transactions":   {`TRUNCATE ledger_transactions CASCADE`, ""},
		"a balance below":        {`UPDATE ledger_accounts SET balance = -1 WHERE kind = 'wallet'`, "ledger_accounts_floor"},
		"a hold of more than is": {`INSERT INTO ledger_holds SELECT company_id, live, gen_random_uuid(), account_id, currency, 5, 0, 0, 0, 6, '', now() FROM ledger_accounts LIMIT 1`, "ledger_holds_sums"},
	}
	for role, url := range map[string]string{"owner": ownerURL, "server": appURL} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		for name, try := range tries {
			err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
				_, err := tx.Conn().PgConn().Exec(t.Context(), try.sql).ReadAll()
				return err
			})
			says := try.says
			if says == "" {
				says = map[string]string{"owner": "what is in the ledger stays", "server": "permission denied"}[role]
			}
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, as %s: %v", name, role, err)
			}
		}
		right := in(id, 2) + entry(id, 1, 0, 5) + entry(id, 2, 1, -5)
		err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
			if _, err := tx.Conn().PgConn().Exec(t.Context(), right).ReadAll(); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `SET CONSTRAINTS ALL IMMEDIATE`)
			if err == nil {
				err = tx.Rollback(t.Context())
			}
			return err
		})
		if err != nil && !strings.Contains(err.Error(), "closed") {
			t.Errorf("what balances, as %s: %v", role, err)
		}
	}
	if _, err := conn(t, appURL).Exec(t.Context(), `UPDATE ledger_accounts SET currency = 'eur'`); err == nil {
		t.Error("the server may change what an account is")
	}
}

func conn(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// TestNobodyPostsUnnamed wants an actor for every posting.
func TestNobodyPostsUnnamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	err := w.in(func(ctx context.Context, tx pgx.Tx) error {
		_, err := ledger.Post(ctx, tx, w.side, audit.Actor{}, ledger.Posting{Key: "k", Kind: "k", Entries: ledger.Move(funding, usd, 1)})
		return err
	})
	if err == nil {
		t.Error("nobody posted")
	}
	w.wants(usd, 0)
}
