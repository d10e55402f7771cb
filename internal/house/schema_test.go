package house

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// shared are the tables that belong to no company, and why. They are small, or
// have to be found before the company is known.
var shared = map[string]string{
	"goose_db_version": "the migrations' own",
	"installation":     "one row for the installation",
	"signing_keys":     "the installation's keys sign for every company",
	"people":           "a person may be a member of several companies",
	"magic_links":      "whose company is not known before they are used",
	"sessions":         "a person's, not a company's",
	"device_logins":    "whose company is not known before they are used",
	"card_numbers":     "whose company is not known before a swipe, and unique among all",
}

// crossing are the foreign keys of a company's tables that lead to shared ones.
var crossing = map[string]bool{"members_person_id_fkey": true}

// badSchema is SQL that answers what could not be cut by tenant: tables without
// company_id, unique indexes and foreign keys that do not begin with it.
const badSchema = `
WITH tables AS (
  SELECT oid, relname FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
)
SELECT t.relname AS tab, 'table' AS kind, t.relname AS name FROM tables t
WHERE NOT EXISTS (SELECT FROM pg_attribute a
  WHERE a.attrelid = t.oid AND a.attname = 'company_id' AND a.attnotnull AND NOT a.attisdropped)
UNION ALL
SELECT t.relname, 'unique index', i.indexrelid::regclass::text
FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
WHERE a.attname IS DISTINCT FROM 'company_id'
UNION ALL
SELECT t.relname, 'foreign key', c.conname
FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f'
LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
WHERE a.attname IS DISTINCT FROM 'company_id'
UNION ALL
SELECT t.relname, 'table without a primary key', t.relname FROM tables t
WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
ORDER BY 1, 2, 3`

type blot struct{ Tab, Kind, Name string }

func blots(t *testing.T, pool *postgres.Pool) (found []blot) {
	t.Helper()
	rows, err := pool.Query(t.Context(), badSchema)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[blot])
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		if shared[b.Tab] == "" && !crossing[b.Name] {
			found = append(found, b)
		}
	}
	return found
}

// TestSchemaCutsByTenant wants company_id first in every key, so that the same
// schema runs on a distributed PostgreSQL.
func TestSchemaCutsByTenant(t *testing.T) {
	t.Parallel()
	for _, b := range blots(t, pgtest.New(t)) {
		t.Errorf("%s: %s %s does not begin with company_id", b.Tab, b.Kind, b.Name)
	}
}

// TestSchemaObjects proves that the test above can fail.
func TestSchemaObjects(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	pool, err := postgres.Open(t.Context(), postgres.Config{URL: owner})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, sql := range []string{
		"CREATE TABLE bad_table (id int PRIMARY KEY)",
		"CREATE TABLE bad_key (id int, company_id uuid NOT NULL, PRIMARY KEY (id, company_id))",
		"CREATE TABLE bad_index (company_id uuid, id int, PRIMARY KEY (company_id, id))",
		"CREATE UNIQUE INDEX bad_unique ON bad_index ((id + 1), company_id)",
		"ALTER TABLE bad_index ADD CONSTRAINT bad_foreign FOREIGN KEY (id) REFERENCES bad_table",
		"CREATE TABLE bad_none (company_id uuid NOT NULL)",
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, b := range blots(t, pool) {
		names = append(names, b.Name)
	}
	want := "bad_foreign bad_unique bad_key_pkey bad_none bad_table bad_table_pkey"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}

// TestExceptionsAreUsed keeps the lists of exceptions short.
func TestExceptionsAreUsed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	for table := range shared {
		var known bool
		if err := pool.QueryRow(t.Context(), "SELECT to_regclass($1) IS NOT NULL", table).Scan(&known); err != nil || !known {
			t.Errorf("there is no table %s (%v)", table, err)
		}
	}
}
