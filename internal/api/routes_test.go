package api

import (
	"strings"
	"testing"
	"time"
)

func TestFromNothingToAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nobody := w.anybody()
	nobody.want(422, "email_malformed", "POST", "/v1/auth/magic-link", map[string]any{"email": "nonsense"})
	nobody.want(401, "invalid_link", "POST", "/v1/auth/verify", map[string]any{"token": "nonsense"})
	f := w.newFirm("ada@example.com")
	session := f.owner.want(200, "", "GET", "/v1/auth/session", nil)
	if session.text("email") != "ada@example.com" || session.text("companies", 0, "role") != "owner" {
		t.Errorf("session: %s", session.body)
	}
	f.owner.want(422, "mode_mismatch", "POST", "/v1/api-keys", map[string]any{"name": "ci", "mode": "live", "scopes": []string{"read"}})
	made := f.owner.with("X-Mode", "live").want(201, "", "POST", "/v1/api-keys", map[string]any{"name": "ci", "mode": "live", "scopes": []string{"read"}})
	secret := made.text("key")
	if !strings.HasPrefix(secret, "ag_live_") || !strings.HasPrefix(secret, made.text("prefix")) || made.text("mode") != "live" {
		t.Errorf("key: %s", made.body)
	}
	valid := nobody.want(200, "", "POST", "/v1/auth/validate", map[string]any{"key": secret})
	if valid.text("valid") != "true" || valid.text("mode") != "live" || valid.text("scopes", 0) != "read" {
		t.Errorf("validate: %s", valid.body)
	}
	got := f.live.want(200, "", "GET", "/v1/api-keys/"+made.text("id"), nil)
	if strings.Contains(string(got.body), secret) || got.text("name") != "ci" {
		t.Errorf("shown twice: %s", got.body)
	}
	f.live.want(200, "", "DELETE", "/v1/api-keys/"+made.text("id"), nil)
	w.with("X-API-Key", secret).want(401, "", "GET", "/v1/agents", nil)
	if again := nobody.want(200, "", "POST", "/v1/auth/validate", map[string]any{"key": secret}); again.text("valid") != "false" {
		t.Errorf("a revoked key validates: %s", again.body)
	}
	f.live.want(404, "not_found", "DELETE", "/v1/api-keys/"+made.text("id"), nil)
	f.owner.want(200, "", "POST", "/v1/auth/logout", nil)
	f.owner.want(401, "invalid_session", "GET", "/v1/auth/session", nil)
	if logs := w.logs.String(); strings.Contains(logs, secret) || strings.Contains(logs, "eyJ") {
		t.Error("a secret is in the log")
	}
}

func TestKeysAreShownOnce(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	body := map[string]any{"name": "k", "mode": "test", "scopes": []string{"spend"}}
	first := f.owner.with("Idempotency-Key", "one").want(201, "", "POST", "/v1/api-keys", body)
	again := f.owner.with("Idempotency-Key", "one").want(201, "", "POST", "/v1/api-keys", body)
	if again.header.Get("Idempotent-Replayed") != "true" || again.text("id") != first.text("id") || again.text("key") != "" || first.text("key") == "" {
		t.Errorf("first %s, again %s", first.body, again.body)
	}
	rolled := f.owner.want(201, "", "POST", "/v1/api-keys/"+first.text("id")+"/reroll", map[string]any{"grace_seconds": 60})
	if rolled.text("key") == "" || rolled.text("id") == first.text("id") {
		t.Errorf("reroll: %s", rolled.body)
	}
	f.with("X-API-Key", first.text("key")).want(200, "", "GET", "/v1/company", nil)
	f.owner.want(409, "key_rerolled", "POST", "/v1/api-keys/"+first.text("id")+"/reroll", nil)
	f.admin.want(403, "scope_not_held", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "test", "scopes": []string{"spend"}})
	f.admin.want(403, "", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "test", "scopes": []string{"approvals"}})
	f.admin.want(403, "", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "live", "scopes": []string{"read"}})
	f.admin.want(422, "", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "test", "scopes": []string{"everything"}})
	f.owner.want(404, "not_found", "POST", "/v1/api-keys", map[string]any{"name": "k", "mode": "test", "scopes": []string{"spend"}, "agent": "nobody"})
}

func TestAgents(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	made := f.admin.want(201, "", "POST", "/v1/agents", map[string]any{"handle": "bot-1", "name": "Bot", "metadata": map[string]string{"team": "x"}})
	id := made.text("id")
	for _, name := range []string{id, "bot-1"} {
		if got := f.read.want(200, "", "GET", "/v1/agents/"+name, nil); got.text("id") != id || got.text("status") != "active" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	f.admin.want(409, "handle_taken", "POST", "/v1/agents", map[string]any{"handle": "bot-1", "name": "x"})
	bad := f.admin.want(422, "handle_malformed", "POST", "/v1/agents", map[string]any{"handle": "Bot 1", "name": "x"})
	if bad.text("errors", 0, "location") != "body.handle" {
		t.Errorf("location: %s", bad.body)
	}
	f.admin.want(422, "handle_like_id", "PATCH", "/v1/agents/bot-1", map[string]any{"handle": id})
	changed := f.admin.want(200, "", "PATCH", "/v1/agents/bot-1", map[string]any{"name": "New"})
	if changed.text("name") != "New" || changed.text("metadata", "team") != "x" {
		t.Errorf("changed: %s", changed.body)
	}
	if frozen := f.admin.want(200, "", "POST", "/v1/agents/bot-1/freeze", nil); frozen.text("status") != "frozen" {
		t.Errorf("frozen: %s", frozen.body)
	}
	f.admin.want(200, "", "POST", "/v1/agents/bot-1/unfreeze", nil)
	cred := f.owner.want(201, "", "POST", "/v1/agents/bot-1/credentials", map[string]any{"name": "own"})
	if cred.text("agent") != id || cred.text("scopes", 0) != "spend" {
		t.Errorf("credential: %s", cred.body)
	}
	if l := f.admin.want(200, "", "GET", "/v1/agents/bot-1/credentials", nil); l.size("data") != 1 {
		t.Errorf("credentials: %s", l.body)
	}
	own := f.with("X-API-Key", cred.text("key"))
	f.agent("bot-2")
	own.want(200, "", "GET", "/v1/agents/bot-1", nil)
	own.want(403, "agent_not_bound", "GET", "/v1/agents/bot-2", nil)
	own.want(403, "agent_not_bound", "GET", "/v1/budget/bot-2", nil)
	if l := own.want(200, "", "GET", "/v1/agents", nil); l.size("data") != 1 || l.text("data", 0, "id") != id {
		t.Errorf("a bound key sees others: %s", l.body)
	}
	f.admin.with("X-Agent-Id", "bot-2").want(422, "agent_mismatch", "GET", "/v1/agents/bot-1", nil)
	gone := f.admin.want(200, "", "DELETE", "/v1/agents/bot-1", nil)
	if gone.text("status") != "deleted" {
		t.Errorf("deleted: %s", gone.body)
	}
	own.want(401, "", "GET", "/v1/agents", nil)
	f.admin.want(409, "agent_deleted", "POST", "/v1/agents/"+id+"/freeze", nil)
	f.admin.want(404, "not_found", "GET", "/v1/agents/bot-1", nil)
}

func TestPages(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	for _, h := range []string{"a", "b", "c", "d", "e"} {
		f.agent(h)
	}
	var seen []string
	path := "/v1/agents?limit=2"
	for {
		page := f.read.want(200, "", "GET", path, nil)
		for i := range page.size("data") {
			seen = append(seen, page.text("data", i, "handle"))
		}
		if page.text("has_more") == "false" {
			if page.at("next_cursor") != nil {
				t.Errorf("a last page with a cursor: %s", page.body)
			}
			break
		}
		path = "/v1/agents?limit=2&cursor=" + page.text("next_cursor")
	}
	if got := strings.Join(seen, ""); got != "edcba" {
		t.Errorf("pages: %s", got)
	}
	cursor := f.read.want(200, "", "GET", "/v1/agents?limit=2", nil).text("next_cursor")
	f.read.want(400, "invalid_cursor", "GET", "/v1/agents?status=active&cursor="+cursor, nil)
	f.live.want(400, "invalid_cursor", "GET", "/v1/agents?cursor="+cursor, nil)
	f.read.want(400, "invalid_cursor", "GET", "/v1/authorizations?cursor="+cursor, nil)
	f.read.want(400, "invalid_cursor", "GET", "/v1/agents?cursor=x"+cursor[1:], nil)
	f.read.want(422, "", "GET", "/v1/agents?limit=201", nil)
	f.read.want(200, "", "GET", "/v1/agents?limit=200", nil)
}

func TestCompanyAndMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.newFirm("ada@example.com")
	got := f.read.want(200, "", "GET", "/v1/company", nil)
	if got.header.Get("ETag") != `"v1"` || got.text("approval_timeout") != "24h" || got.text("mode") != "test" {
		t.Errorf("company: %v %s", got.header, got.body)
	}
	changed := f.admin.want(200, "", "PATCH", "/v1/company", map[string]any{"approval_timeout": "36h", "currency": "EUR"})
	if changed.header.Get("ETag") != `"v2"` || changed.text("approval_timeout") != "36h" || changed.text("currency") != "eur" {
		t.Errorf("changed: %v %s", changed.header, changed.body)
	}
	f.admin.with("If-Match", `"v1"`).want(412, "", "PATCH", "/v1/company", map[string]any{"name": "B"})
	f.admin.with("If-Match", `nonsense`).want(400, "invalid_if_match", "PATCH", "/v1/company", map[string]any{"name": "B"})
	f.admin.with("If-Match", `"v2"`).want(200, "", "PATCH", "/v1/company", map[string]any{"name": "B"})
	bad := f.admin.want(422, "", "PATCH", "/v1/company", map[string]any{"time_zone": "Mars/Base", "currency": "xxx"})
	if bad.size("errors") != 2 {
		t.Errorf("both are named: %s", bad.body)
	}
	if frozen := f.admin.want(200, "", "POST", "/v1/company/freeze", nil); frozen.text("frozen") != "true" {
		t.Errorf("frozen: %s", frozen.body)
	}
	if live := f.live.want(200, "", "GET", "/v1/company", nil); live.text("frozen") != "false" {
		t.Errorf("the other mode is frozen: %s", live.body)
	}
	f.admin.want(200, "", "POST", "/v1/company/unfreeze", nil)

	m := f.admin.want(201, "", "POST", "/v1/members", map[string]any{"email": "Bob@Example.com", "role": "approver"})
	if m.text("email") != "bob@example.com" || m.text("status") != "invited" {
		t.Errorf("invited: %s", m.body)
	}
	f.admin.want(409, "member_exists", "POST", "/v1/members", map[string]any{"email": "bob@example.com", "role": "viewer"})
	f.admin.want(403, "owner_required", "POST", "/v1/members", map[string]any{"email": "eve@example.com", "role": "owner"})
	f.admin.want(422, "", "POST", "/v1/members", map[string]any{"email": "eve@example.com", "role": "king"})
	bob := w.signIn("bob@example.com")
	bob.want(200, "", "GET", "/v1/members", nil)
	bob.want(403, "scope_missing", "PATCH", "/v1/company", map[string]any{"name": "Bob's"})
	l := f.read.want(200, "", "GET", "/v1/members", nil)
	if l.size("data") != 2 {
		t.Errorf("members: %s", l.body)
	}
	f.owner.want(200, "", "PATCH", "/v1/members/"+m.text("id"), map[string]any{"role": "viewer"})
	f.owner.want(200, "", "DELETE", "/v1/members/"+m.text("id"), nil)
	bob.want(403, "no_company", "GET", "/v1/company", nil)
	ada := l.text("data", 1, "id")
	f.owner.want(409, "last_owner", "DELETE", "/v1/members/"+ada, nil)
	f.owner.want(404, "not_found", "DELETE", "/v1/members/mem_nonsense", nil)
	f.owner.want(404, "not_found", "PATCH", "/v1/members/"+m.text("id"), map[string]any{"role": "viewer"})
}

func TestMailboxIsForWhoSitsAtTheMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn("ada@example.com")
	a := w.anybody().want(200, "", "GET", "/dev/mail.json", nil)
	if !strings.HasPrefix(string(a.body), `[{"to":"ada@example.com","subject":`) {
		t.Errorf("mail: %s", a.body)
	}
	if page := w.anybody().want(200, "", "GET", "/dev/mail", nil); !strings.Contains(string(page.body), "ada@example.com") {
		t.Errorf("page: %s", page.body)
	}
	w.with("X-Forwarded-For", "203.0.113.9").want(404, "not_found", "GET", "/dev/mail.json", nil)
	for host, want := range map[string]bool{"localhost": true, "localhost:8080": true, "127.0.0.1:1": true, "[::1]:80": true, "a.localhost": true,
		"evil.example": false, "evil.example:8080": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "": false, "10.0.0.1": false} {
		if loopbackHost(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
	if loopbackPeer("192.0.2.1:80") || !loopbackPeer("127.0.0.1:80") || !loopbackPeer("[::ffff:127.0.0.1]:80") {
		t.Error("peers are mistaken")
	}
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.anybody().want(200, "", "GET", "/.well-known/jwks.json", nil)
	if a.size("keys") != 1 || a.text("keys", 0, "kid") == "" || a.header.Get("Cache-Control") == "" || a.header.Get("ETag") == "" {
		t.Errorf("jwks: %v %s", a.header, a.body)
	}
	again := w.with("If-None-Match", a.header.Get("ETag")).want(304, "", "GET", "/.well-known/jwks.json", nil)
	if len(again.body) != 0 {
		t.Errorf("304 with a body")
	}
}

func TestAuditOverHTTP(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	bot := f.agent("bot")
	l := f.read.want(200, "", "GET", "/v1/audit?limit=2", nil)
	if l.size("data") != 2 || l.text("data", 0, "type") != "agent.created" || l.text("has_more") != "true" {
		t.Fatalf("list: %s", l.body)
	}
	next := f.read.want(200, "", "GET", "/v1/audit?limit=2&cursor="+l.text("next_cursor"), nil)
	if next.text("data", 0, "id") == l.text("data", 1, "id") || next.size("data") == 0 {
		t.Errorf("next: %s", next.body)
	}
	f.read.want(400, "invalid_cursor", "GET", "/v1/audit?type=agent.created&cursor="+l.text("next_cursor"), nil)
	if only := f.read.want(200, "", "GET", "/v1/audit?agent=bot&type=agent.*", nil); only.size("data") != 1 || only.text("data", 0, "agent") != bot {
		t.Errorf("filtered: %s", only.body)
	}
	if none := f.read.want(200, "", "GET", "/v1/audit?from="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339), nil); none.size("data") != 0 {
		t.Errorf("from the future: %s", none.body)
	}
	for format, kind := range map[string]string{"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson"} {
		a := f.read.want(200, "", "GET", "/v1/audit?format="+format, nil)
		if !strings.HasPrefix(a.header.Get("Content-Type"), kind) || !strings.Contains(string(a.body), bot) {
			t.Errorf("%s: %v %.200s", format, a.header, a.body)
		}
	}
	f.read.want(422, "parameter_conflict", "GET", "/v1/audit?format=csv&limit=3", nil)
	f.read.want(422, "", "GET", "/v1/audit?format=xml", nil)
	if v := f.read.want(200, "", "GET", "/v1/audit/verify", nil); v.text("ok") != "true" {
		t.Errorf("verify: %s", v.body)
	}
	if c := f.read.want(200, "", "GET", "/v1/audit/checkpoint", nil); c.text("checkpoint") == "" || c.size("keys") != 1 {
		t.Errorf("checkpoint: %s", c.body)
	}
	p := f.read.want(200, "", "GET", "/v1/audit/"+l.text("data", 0, "id")+"/proof", nil)
	if p.text("event", "id") != l.text("data", 0, "id") || p.text("checkpoint") == "" {
		t.Errorf("proof: %s", p.body)
	}
	f.read.want(200, "", "GET", "/v1/audit/consistency?from_size=1", nil)
	f.read.want(422, "parameter_required", "GET", "/v1/audit/consistency", nil)
	f.read.want(404, "not_found", "GET", "/v1/audit/evt_x/proof", nil)
	f.spend.want(403, "scope_missing", "GET", "/v1/audit", nil)
}
