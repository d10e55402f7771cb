package api

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
)

// side is one mode of one company, with a key that may everything a key may.
type side struct {
	*firm
	mode    string
	session client
	key     client
	// kept are own things that may be named again, by kind, and shown those
	// that the other side may try.
	kept  map[string]string
	shown map[string][]pair
	// compared counts the names that were tried of the other side's.
	compared int
	// database is the side's, seen as its owner sees it.
	database *pgx.Conn
}

func (f *firm) side(mode string) *side {
	f.t.Helper()
	s := &side{firm: f, mode: mode, kept: map[string]string{}, shown: map[string][]pair{}, session: f.owner.with("X-Mode", mode, "X-Company-Id", f.id)}
	s.key = s.secret("admin", "spend", "settle", "read")
	s.key.want(201, "", "POST", "/v1/agents", map[string]any{"handle": "bot", "name": "Bot"})
	s.key.want(201, "", "POST", "/v1/policies", map[string]any{"name": "P",
		"rules": []rule{limit(1_000_000), {"type": "approval_threshold", "amount": 50, "currency": "usd"}}})
	s.own(string(ident.Authorization))
	s.own(string(ident.Account)) // so that reading the books does not open them
	owner, err := pgx.Connect(f.t.Context(), f.pool.Config().ConnString())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { owner.Close(context.Background()) })
	s.database = owner
	return s
}

func (s *side) secret(scopes ...string) client {
	s.t.Helper()
	made := s.session.want(201, "", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": s.mode, "scopes": scopes,
		"rate_limit": map[string]int{"per_minute": 1_000_000}})
	return s.with("X-API-Key", made.text("key"))
}

// fresh is a handle that nobody has.
func (s *side) fresh() string { return fmt.Sprintf("own-%06d", s.serial.Add(1)) }

// own makes something new of this side's and gives its name.
func (s *side) own(kind string) string {
	s.t.Helper()
	text := s.fresh()
	create := func(path string, body map[string]any) string {
		return s.key.want(201, "", "POST", path, body).text("id")
	}
	switch ident.Prefix(kind) {
	case ident.Agent:
		return create("/v1/agents", map[string]any{"handle": text, "name": text})
	case ident.Policy: // draft: it decides nothing
		return create("/v1/policies", map[string]any{"name": text, "status": "draft", "rules": []rule{limit(5)}})
	case ident.Member:
		return create("/v1/members", map[string]any{"email": text + "@" + s.mode + ".example.com", "role": "viewer"})
	case ident.Key:
		return create("/v1/api-keys", map[string]any{"name": text, "mode": s.mode, "scopes": []string{"read"}})
	case ident.Authorization:
		return s.key.want(200, "", "POST", "/v1/authorize", ask("bot", 1)).text("id")
	case ident.Approval:
		return s.key.want(202, "", "POST", "/v1/authorize", ask("bot", 80)).text("approval", "id")
	case ident.Account:
		return ident.Format(ident.Account, s.booked().Lines[0].Account)
	case ident.Card:
		s.outside.connected.Store(true)
		s.fund()
		return create("/v1/cards", map[string]any{"amount": 1, "currency": "usd", "agent": "bot", "name": text})
	case ident.Transaction:
		return ident.Format(ident.Transaction, s.booked().ID)
	case ident.Webhook:
		return s.ownWebhook()
	case ident.Delivery:
		return s.key.want(202, "", "POST", s.filled("GET", "/v1/webhooks/{id}/test"), nil).text("id")
	case ident.Event:
		return s.key.want(200, "", "GET", "/v1/audit?limit=1", nil).text("data", 0, "id")
	}
	s.t.Fatalf("nobody said how to make a %q", kind)
	return ""
}

// booked is money in a wallet of a new agent.
func (s *side) booked() (x ledger.Transaction) {
	s.t.Helper()
	agent, _ := ident.Parse(ident.Agent, s.own(string(ident.Agent)))
	return s.post(ledger.WalletOf(agent, "usd"), 100)
}

// post books money from outside into a wallet.
func (s *side) post(wallet ledger.Ref, minor int64) (x ledger.Transaction) {
	s.t.Helper()
	company, _ := ident.Parse(ident.Company, s.id)
	t := ident.Tenant{Company: company, Live: s.mode == "live"}
	if err := s.pool.InTx(s.t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		if err = ledger.OpenSandbox(ctx, tx, t); err == nil {
			x, err = ledger.Post(ctx, tx, t, audit.System(), ledger.Posting{Key: s.fresh(), Kind: "funded",
				Entries: ledger.Move(ledger.Ref{Kind: ledger.Funding, Currency: "usd"}, wallet, minor)})
		}
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	return x
}

// fund puts enough into the company's wallet, which live mode opens empty.
func (s *side) fund() {
	s.t.Helper()
	if s.mode == "test" || s.kept["funded"] != "" {
		return
	}
	s.kept["funded"] = "yes"
	s.post(ledger.WalletOf(uuid.Nil, "usd"), 1_000_000)
}

// ownWebhook makes room first: there may be only so many.
func (s *side) ownWebhook() string {
	s.t.Helper()
	if all := s.key.want(200, "", "GET", "/v1/webhooks", nil); all.size("data") > 15 {
		s.key.want(200, "", "DELETE", "/v1/webhooks/"+all.text("data", 0, "id"), nil)
	}
	return s.key.want(201, "", "POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/x", "description": s.fresh()}).text("id")
}

// pair is a name of somebody else's, and one of nobody's of the same shape.
type pair struct{ theirs, nobodys string }

// pairs gives the names of this side's that the other one may try at a place.
// What is not bound to an operation stays the same: nobody could change it.
func (s *side) pairs(p probe) []pair {
	s.t.Helper()
	if p.kind == cursorKind || p.kind == onceKind {
		return s.newPairs(p)
	}
	if s.shown[p.kind] == nil {
		s.shown[p.kind] = s.newPairs(p)
	}
	return s.shown[p.kind]
}

// strayID names nothing.
func strayID(prefix ident.Prefix) string {
	if prefix == ident.Card {
		return ident.FormatCard("usd", ident.New())
	}
	return ident.Format(prefix, ident.New())
}

func (s *side) newPairs(p probe) []pair {
	s.t.Helper()
	random := func(prefix ident.Prefix) string { return strayID(prefix) }
	switch p.kind {
	case string(ident.Agent):
		id := s.own(p.kind)
		return []pair{{id, random(ident.Agent)}, {s.key.want(200, "", "GET", "/v1/agents/"+id, nil).text("handle"), "own-999999"}}
	case string(ident.Company):
		return []pair{{s.id, random(ident.Company)}}
	case cursorKind:
		address := s.filled("GET", p.op.Path)
		s.fillList(address)
		cursor := s.key.want(200, "", "GET", address+"?limit=1", nil).text("next_cursor")
		if cursor == "" {
			s.t.Fatalf("%s has no second page", address)
		}
		return []pair{{cursor, strings.Repeat("A", len(cursor))}}
	case tokenKind:
		return []pair{{s.key.want(200, "", "POST", "/v1/authorize", ask("bot", 1)).text("token"), s.strayToken()}}
	case onceKind:
		key := "shared-" + p.op.OperationID
		s.send(p, "", key, s.credentials(p.op)[0])
		return []pair{{key, "unheard-" + p.op.OperationID}}
	}
	return []pair{{s.own(p.kind), random(ident.Prefix(p.kind))}}
}

// fillList makes a list have a next page.
func (s *side) fillList(address string) {
	s.t.Helper()
	kinds := map[string]ident.Prefix{"/v1/agents": ident.Agent, "/v1/api-keys": ident.Key, "/v1/approvals": ident.Approval,
		"/v1/authorizations": ident.Authorization, "/v1/members": ident.Member, "/v1/audit": ident.Agent,
		"/v1/webhooks": ident.Webhook, "/v1/cards": ident.Card,
		"/v1/wallets": ident.Account, "/v1/ledger/accounts": ident.Account, "/v1/ledger/transactions": ident.Transaction}
	for range 2 {
		switch policy, versions := strings.CutSuffix(address, "/versions"); {
		case versions:
			s.key.want(200, "", "PUT", policy, map[string]any{"name": s.fresh(), "status": "draft", "rules": []rule{limit(5)}})
		case strings.HasSuffix(address, "/transactions") && strings.HasPrefix(address, "/v1/cards/"):
			s.key.want(200, "", "POST", strings.Replace(strings.TrimSuffix(address, "/transactions"), "/v1/", "/v1/sandbox/", 1)+"/authorize", swipe(1))
		case strings.HasSuffix(address, "/policies"):
			s.own(string(ident.Policy))
		case strings.HasSuffix(address, "/deliveries"):
			s.own(string(ident.Delivery))
		case strings.HasSuffix(address, "/credentials"):
			s.key.want(201, "", "POST", address, map[string]any{"name": "k"})
		default:
			s.own(string(kinds[address]))
		}
	}
}

// strayToken is rightly signed, for an authorization that there is not.
func (s *side) strayToken() string {
	s.t.Helper()
	live := s.mode == "live"
	signed := s.key.want(200, "", "POST", "/v1/authorize", ask("bot", 1)).text("token")
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(signed, claims)
	if err != nil || claims["livemode"] != live {
		s.t.Fatalf("%v: %v", err, claims)
	}
	claims["jti"], claims["company"] = ident.Format(ident.Authorization, ident.New()), ident.Format(ident.Company, ident.New())
	stray, err := s.api.keys.Sign(parsed.Header["typ"].(string), claims)
	if err != nil {
		s.t.Fatal(err)
	}
	return stray
}

// credentials are those of this side that may call an operation.
func (s *side) credentials(op *huma.Operation) []client {
	g := gateFor(op)
	switch {
	case op.OperationID == "logout":
		return []client{s.signIn("passing-" + s.mode + s.id + "@example.com")}
	case g.person, op.OperationID == "approve", op.OperationID == "deny":
		return []client{s.session}
	case g.agentPath != "" || !strings.Contains(op.Path, "{"):
		return []client{s.key}
	}
	return []client{s.key, s.session}
}

// filled is an address of this side's own, with something new of its own unless
// it is only read.
func (s *side) filled(method, path string) string {
	open, end := strings.Index(path, "{"), strings.Index(path, "}")
	if open < 0 {
		return path
	}
	kind := string(kindByPath()[path[:open]])
	if method != "GET" {
		return path[:open] + s.own(kind) + path[end+1:]
	}
	if s.kept[kind] == "" {
		s.kept[kind] = s.own(kind)
	}
	return path[:open] + s.kept[kind] + path[end+1:]
}

// send sends an operation that is right in every part but the place of the
// probe, which gets the value; once is an Idempotency-Key.
func (s *side) send(p probe, value, once string, by client) answer {
	s.t.Helper()
	address, query := p.op.Path, url.Values{}
	if p.at.in == "path" && value != "" {
		open, end := strings.Index(address, "{"), strings.Index(address, "}")
		address = address[:open] + url.PathEscape(value) + address[end+1:]
	} else {
		address = s.filled(p.op.Method, address)
	}
	var body map[string]any
	if example, ok := examples()[p.op.OperationID].(map[string]any); ok {
		body = example
	}
	switch p.op.OperationID {
	case "createAgent":
		body["handle"] = s.fresh()
	case "inviteMember":
		body["email"] = s.fresh() + "@example.com"
	case "createKey":
		body["mode"] = s.mode
		if p.at.name == "agent" {
			body["scopes"] = []string{"spend"}
		}
	case "createPolicy", "replacePolicy":
		body["status"] = "draft"
	case "redeemToken":
		body["token"] = s.key.want(200, "", "POST", "/v1/authorize", ask("bot", 1)).text("token")
	case "getConsistency":
		query.Set("from_size", "0")
	}
	switch {
	case value == "":
	case p.at.in == "query":
		query.Set(p.at.name, value)
		if p.kind == cursorKind {
			query.Set("limit", "1")
		}
	case p.at.in == "header":
		by = by.with(p.at.name, value)
	case p.at.in == "body":
		put(body, p.at.name, value)
	}
	if once != "" {
		by = by.with("Idempotency-Key", once)
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	defer s.restore(p.op.OperationID)
	if body == nil {
		return by.do(p.op.Method, address, nil)
	}
	return by.do(p.op.Method, address, body)
}

// restore undoes what would change the next answers.
func (s *side) restore(operation string) {
	if operation == "freezeCompany" {
		s.key.want(200, "", "POST", "/v1/company/unfreeze", nil)
	}
}

// rows are all rows of a side, table by table, as the owner of the database
// sees them; with both, also those that the modes share.
func (s *side) rows(t *testing.T, both bool) map[string]string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	company, ok := ident.Parse(ident.Company, s.id)
	if !ok {
		t.Fatal(s.id)
	}
	out := map[string]string{}
	rows, err := s.database.Query(ctx, s.dump(ctx, both), company, s.mode == "live")
	if err != nil {
		t.Fatal(err)
	}
	var table, text string
	if _, err := pgx.ForEachRow(rows, []any{&table, &text}, func() error { out[table] = text; return nil }); err != nil {
		t.Fatal(err)
	}
	if out["authorizations"] == "" || out["agents"] == "" || out["audit_events"] == "" {
		t.Fatal("the dump sees nothing")
	}
	return out
}

// dump is the query that reads every table with a company, each as one text.
func (s *side) dump(ctx context.Context, both bool) string {
	s.t.Helper()
	tables, err := s.database.Query(ctx, `SELECT table_name::text, bool_or(column_name = 'live') FROM information_schema.columns
		WHERE table_schema = 'public' GROUP BY 1 HAVING bool_or(column_name = 'company_id') ORDER BY 1`)
	if err != nil {
		s.t.Fatal(err)
	}
	var parts []string
	var name string
	var live bool
	if _, err := pgx.ForEachRow(tables, []any{&name, &live}, func() error {
		side := "live = $2"
		if !live {
			side = fmt.Sprint(both)
		}
		parts = append(parts, fmt.Sprintf(`SELECT '%[1]s', md5(coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '')) FROM %[1]s t
			WHERE company_id = $1 AND %[2]s AND $2 IS NOT NULL HAVING count(*) > 0`, name, side))
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(parts, " UNION ALL ")
}
