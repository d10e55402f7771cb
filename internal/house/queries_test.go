package house

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// acrossTenants are the queries that may look past one company, and why.
var acrossTenants = map[string]string{
	"AgentsWithExpiredHolds": "the sweeper looks for work in every company",
	"ReconcileTenants":       "reconciling walks every company",
	"OutboxTenants":          "messages are made of every company's events",
	"WebhookPrune":           "old deliveries go in every company",
	"MessagesForget":         "old messages go, whoever's they are",
	"LimitNoticesForget":     "old notices go, whoever's they are",
	"WeeklyCompanies":        "every company has its Monday",
	"IssuerByConnection":     "whose a webhook is, is not known before its address is read",
	"IssuerEventsForget":     "old events go, whoever's they are",
	"IssuerEndedForget":      "old ends go, whoever's they are",
	"IssuerLate":             "what came too late is given back, whoever it is",
	"ReconciliationsDue":     "every company is reconciled daily",
	"ReconciliationsForget":  "old runs go, whoever's they are",
	"CardsToSettle":          "what is left on ended cards goes back in every company",
	"LedgerOwings":           "what is owed is paid in every company",
	"CardByNumber":           "a network knows a card by its number alone",
}

// bothModes are the queries that mean live and test at once, and why.
var bothModes = map[string]string{
	"CompanyRaiseEpochs": "settings hold for both",
	"MemberKeys":         "a member who goes loses the keys of both",
}

var (
	queryName  = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+.*$`)
	sqlComment = regexp.MustCompile(`(?m)--.*$`)
	tableUse   = regexp.MustCompile(`(?i)\b(FROM|JOIN|INTO|UPDATE|USING)\s+(?:ONLY\s+)?([a-z_]+)(?:\s+(?:AS\s+)?([a-z_]+))?`)
	sqlWords   = []string{"where", "set", "on", "join", "left", "right", "inner", "cross", "full", "order", "group", "for",
		"using", "limit", "values", "select", "returning", "union", "having", "as", "default", "and", "lateral", "tablesample"}
)

// binding matches where a table's company_id (named by a prefix such as `a\.`)
// is compared, joined or written; where it is merely read does not count.
func binding(prefix string) *regexp.Regexp {
	column := `(?:^|[^.\w])` + prefix + `company_id\b`
	return regexp.MustCompile(`(?i)` + column + `\s*(?:=|IN\b)|=\s*` + prefix + `company_id\b|\(\s*` + prefix + `company_id\s*[,)]`)
}

// query is one of sqlc's.
type query struct{ name, sql string }

func readQueries(t *testing.T, dir fs.FS) (all []query) {
	t.Helper()
	files, err := fs.Glob(dir, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := fs.ReadFile(dir, f)
		if err != nil {
			t.Fatal(err)
		}
		heads := queryName.FindAllStringSubmatchIndex(string(text), -1)
		for i, h := range heads {
			end := len(text)
			if i+1 < len(heads) {
				end = heads[i+1][0]
			}
			all = append(all, query{string(text[h[2]:h[3]]), sqlComment.ReplaceAllString(string(text[h[1]:end]), "")})
		}
	}
	return all
}

// unbound lists the tenant's tables in a query that no company_id binds.
func unbound(sql string, tenant []string) (loose []string) {
	for _, use := range tableUse.FindAllStringSubmatch(sql, -1) {
		table, alias := strings.ToLower(use[2]), strings.ToLower(use[3])
		if !slices.Contains(tenant, table) {
			continue
		}
		names := []string{table}
		if alias != "" && !slices.Contains(sqlWords, alias) {
			names = append(names, alias)
		}
		bound := binding("").MatchString(sql)
		for _, n := range names {
			bound = bound || binding(n+`\.`).MatchString(sql)
		}
		if !bound {
			loose = append(loose, table)
		}
	}
	return loose
}

// tenantTables asks the schema which tables have the column.
func tenantTables(t *testing.T, column string) []string {
	t.Helper()
	rows, err := pgtest.New(t).Query(t.Context(),
		"SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = $1", column)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 5 {
		t.Fatalf("%v %v", tables, err)
	}
	return tables
}

func TestQueriesNameTheirTenant(t *testing.T) {
	t.Parallel()
	tenant, moded := tenantTables(t, "company_id"), tenantTables(t, "live")
	all := readQueries(t, os.DirFS(root+"/queries"))
	if len(all) < 10 {
		t.Fatalf("only %d queries were found: this test looks at the wrong place", len(all))
	}
	var known []string
	for _, q := range all {
		known = append(known, q.name)
		if acrossTenants[q.name] != "" {
			continue
		}
		if loose := unbound(q.sql, tenant); len(loose) > 0 {
			t.Errorf("%s reads or writes %v without company_id", q.name, loose)
		}
		if bothModes[q.name] == "" && !regexp.MustCompile(`(?i)\blives?\b`).MatchString(q.sql) && len(unbound(strings.ReplaceAll(q.sql, "company_id", ""), moded)) > 0 {
			t.Errorf("%s does not say which of live and test it means", q.name)
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(acrossTenants)), slices.Collect(maps.Keys(bothModes))) {
		if !slices.Contains(known, name) {
			t.Errorf("the exception %s is of no use: there is no such query", name)
		}
	}
}

// TestQueriesObject proves that the test above can fail.
func TestQueriesObject(t *testing.T) {
	t.Parallel()
	tenant := []string{"agents", "policies"}
	for sql, wantLoose := range map[string]bool{
		"SELECT * FROM agents WHERE agent_id = $1":                                                             true,
		"SELECT company_id FROM agents WHERE agent_id = $1":                                                    true,
		"SELECT company_id, live FROM agents WHERE agent_id = $1":                                              true,
		"SELECT a.company_id, a.live FROM agents a WHERE a.agent_id = $1":                                      true,
		"UPDATE agents SET name = $1 WHERE agent_id = $2":                                                      true,
		"DELETE FROM agents a WHERE a.agent_id = $1":                                                           true,
		"INSERT INTO agents (agent_id) VALUES ($1)":                                                            true,
		"SELECT * FROM agents a JOIN policies p ON p.id = a.policy_id WHERE a.company_id = $1":                 true,
		"SELECT * FROM agents WHERE company_id = $1 AND agent_id = $2":                                         false,
		"SELECT * FROM agents a JOIN policies p ON p.company_id = a.company_id WHERE a.company_id = $1":        false,
		"INSERT INTO agents (company_id, agent_id) VALUES ($1, $2)":                                            false,
		"SELECT * FROM agents WHERE (company_id, agent_id) IN (SELECT unnest($1::uuid[]), unnest($2::uuid[]))": false,
		"SELECT * FROM people WHERE email = $1":                                                                false,
	} {
		if got := len(unbound(sql, tenant)) > 0; got != wantLoose {
			t.Errorf("loose %v, want %v: %s", got, wantLoose, sql)
		}
	}
}

// TestModesAreLockedInTurn: PostgreSQL lets those who share a mode's row pass who
// wants it alone, so whoever locks one asks for its turn first.
func TestModesAreLockedInTurn(t *testing.T) {
	locks := 0
	for _, q := range readQueries(t, os.DirFS("../../queries")) {
		if !strings.Contains(q.sql, "company_modes") || !regexp.MustCompile(`\bFOR (SHARE|UPDATE)\b`).MatchString(q.sql) {
			continue
		}
		locks++
		if !regexp.MustCompile(`pg_advisory_xact_lock(_shared)?\(hashtextextended\('mode ' \|\| .*company_id.*live.*, 0\)\)`).MatchString(q.sql) {
			t.Errorf("%s locks a mode out of turn", q.name)
		}
	}
	if locks < 4 {
		t.Errorf("only %d queries lock a mode", locks)
	}
}
