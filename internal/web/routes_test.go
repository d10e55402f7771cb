package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/ident"
)

// route is one address of the table, in one mode.
type route struct {
	page
	live bool
}

// routes is the whole table, the pages of a company in both modes.
func (w *Web) routes() []route {
	var all []route
	for _, p := range w.pages() {
		all = append(all, route{p, true})
		if p.who == member {
			all = append(all, route{p, false})
		}
	}
	return all
}

// at is the route's address with these things in its path.
func (r route) at(t testing.TB, things map[string]string) string {
	t.Helper()
	parts := strings.Split(r.path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, ":") {
			continue
		}
		id, ok := things[parts[i-1]]
		if !ok {
			t.Fatalf("%s: the tests do not know a thing of %s", r.path, parts[i-1])
		}
		parts[i] = id
	}
	path := strings.Join(parts, "/")
	if !r.live {
		path = testRoot + path
	}
	return path
}

// names says whether the route's path names a thing of a tenant.
func (r route) names() bool { return strings.Contains(r.path, "/:") }

// unknown are ids that no tenant has, by the part of the path before them.
func unknown() map[string]string {
	return map[string]string{
		"agents":         ident.Format(ident.Agent, ident.New()),
		"authorizations": ident.Format(ident.Authorization, ident.New()),
		"approvals":      ident.Format(ident.Approval, ident.New()),
		"policies":       ident.Format(ident.Policy, ident.New()),
		"versions":       "1",
		"keys":           ident.Format(ident.Key, ident.New()),
		"members":        ident.Format(ident.Member, ident.New()),
		"sessions":       ident.Format(ident.Session, ident.New()),
		"audit":          ident.Format(ident.Event, ident.New()),
		"ledger":         ident.Format(ident.Transaction, ident.New()),
		"webhooks":       ident.Format(ident.Webhook, ident.New()),
		"deliveries":     ident.Format(ident.Delivery, ident.New()),
		"reconciliation": ident.Format(ident.Comparison, ident.New()),
		"cards":          ident.FormatCard("usd", ident.New()),
	}
}

// things are ids of one side of the company, one of each kind.
func (f *firm) things(live bool) map[string]string {
	f.t.Helper()
	admin, spend := f.liveAdmin, f.live
	if !live {
		admin, spend = f.testAdmin, f.test
	}
	owner := f.session(f.owner, live)
	t := map[string]string{"versions": "1"}
	t["agents"] = admin.agent("thing-bot")
	t["policies"] = admin.policy("Things", `[{"type": "approval_threshold", "amount": 1, "currency": "usd"}]`)
	t["authorizations"] = fmt.Sprint(spend.spend(t["agents"], "5.00", "A shop")["id"])
	t["approvals"] = first(owner.do("GET", "/v1/approvals", nil))
	t["keys"] = first(owner.do("GET", "/v1/api-keys", nil))
	t["members"] = first(owner.do("GET", "/v1/members", nil))
	t["audit"] = first(owner.do("GET", "/v1/audit", nil))
	t["sessions"] = f.sessionOf("viewer@" + f.name + ".test")
	t["ledger"] = f.booked(live)
	t["reconciliation"] = f.compared(f.id, live)
	t["cards"] = f.issued(live, t["agents"])
	addWebhook(owner, t)
	return t
}

// addWebhook makes a webhook and a delivery that waits for its first attempt.
func addWebhook(ask caller, things map[string]string) {
	made := ask.do("POST", "/v1/webhooks", map[string]any{"url": "http://127.0.0.1:1/hook", "description": "Books", "events": []string{"agent.*", "key.revoked"}})
	things["webhooks"] = fmt.Sprint(made["id"])
	things["deliveries"] = fmt.Sprint(ask.do("POST", "/v1/webhooks/"+things["webhooks"]+"/test", nil)["id"])
}

// first is the id of the newest thing of a list.
func first(list map[string]any) string {
	rows, _ := list["data"].([]any)
	if len(rows) == 0 {
		return "none"
	}
	row, _ := rows[0].(map[string]any)
	return fmt.Sprint(row["id"])
}

// sessionOf is a session of somebody else.
func (w *world) sessionOf(email string) string {
	w.t.Helper()
	var id [16]byte
	w.must(w.pool.QueryRow(w.t.Context(),
		"SELECT session_id FROM sessions JOIN people USING (person_id) WHERE email = $1 LIMIT 1", email).Scan(&id))
	return ident.Format(ident.Session, id)
}

func TestRoutesWithoutASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nobody := w.visitor()
	for _, r := range w.web.routes() {
		if r.who == anybody {
			continue
		}
		path := r.at(t, unknown())
		a := nobody.do(r.method, path, "")
		if !strings.HasPrefix(a.to(), "/sign-in") || a.status != http.StatusSeeOther {
			t.Errorf("%s %s: %d %s, wanted the way to sign in", r.method, path, a.status, a.to())
		}
		if a := nobody.do(r.method, path, "", "HX-Request", "true"); !strings.HasPrefix(a.header.Get("HX-Redirect"), "/sign-in") {
			t.Errorf("%s %s: htmx is not led to sign in: %d", r.method, path, a.status)
		}
	}
}

// may says once more what a role may do. It is written by hand so that a change
// of the table in access is one that somebody meant.
var may = map[string]map[access.Scope]bool{
	"owner":    {access.ScopeRead: true, access.ScopeAdmin: true, access.ScopeApprovals: true},
	"admin":    {access.ScopeRead: true, access.ScopeAdmin: true, access.ScopeApprovals: true},
	"approver": {access.ScopeRead: true, access.ScopeApprovals: true},
	"viewer":   {access.ScopeRead: true},
}

func TestRoutesOfEachRole(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for role, b := range map[string]*browser{"owner": f.owner, "admin": f.admin, "approver": f.approver, "viewer": f.viewer} {
		b.open("/overview")
		for _, r := range f.web.routes() {
			if r.who != member {
				continue
			}
			path := r.at(t, unknown())
			refused := false
			if may[role][r.scope] && r.method != http.MethodGet {
				continue // it would be done; what it does is its own test
			}
			if r.method == http.MethodGet {
				refused = b.get(path).status == http.StatusForbidden
			} else {
				refused = b.post(path).status == http.StatusForbidden
			}
			if role == "viewer" && strings.HasPrefix(r.path, "/settings/keys") {
				continue // keys are nothing for those who only look
			}
			if refused == may[role][r.scope] {
				t.Errorf("%s %s as %s: refused is %v", r.method, path, role, refused)
			}
		}
	}
}

// TestRoutesOfOthers asks for things of another company and of the other mode:
// the answer is the one for a thing that nobody has.
func TestRoutesOfOthers(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	g := f.newFirm("globex")
	theirs := map[bool]map[string]string{true: g.things(true), false: g.things(false)}
	ours := map[bool]map[string]string{true: f.things(true), false: f.things(false)}
	for _, r := range f.web.routes() {
		if !r.names() {
			continue
		}
		f.sameAs(r, "another company's", theirs[r.live])
		if !strings.Contains(r.path, "/members/") && !strings.Contains(r.path, "/sessions/") { // both modes have the same people
			f.sameAs(r, "the other mode's", ours[!r.live])
		}
	}
}

// sameAs compares the answers for a thing that is not ours and for none at all.
func (f *firm) sameAs(r route, whose string, things map[string]string) {
	f.t.Helper()
	none := unknown()
	ask := func(things map[string]string) *answer {
		if r.method == http.MethodGet {
			return f.owner.get(r.at(f.t, things))
		}
		return f.owner.post(r.at(f.t, things))
	}
	got, wanted := ask(things), ask(none)
	if wanted.status < 400 || wanted.status >= 500 {
		f.t.Errorf("%s %s: %d for what is not there", r.method, wanted.path, wanted.status)
	}
	if got.status != wanted.status || nameless(got, things) != nameless(wanted, none) {
		f.t.Errorf("%s %s, %s: %d, and %d for none\n%s", r.method, got.path, whose, got.status, wanted.status, brief(got))
		f.t.Logf("for none: %s", brief(wanted))
	}
}

// livePosition is how far the log had been read when a page was rendered: it
// moves on between two requests as earlier events are sealed.
var livePosition = regexp.MustCompile(`/live\?after=\d+`)

// nameless is an answer without what the address says, without the request's
// own id and without the position of the log.
func nameless(a *answer, things map[string]string) string {
	out := strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "REQUEST")
	out = livePosition.ReplaceAllString(out, "/live")
	for kind, id := range things {
		if len(id) > 3 {
			out = strings.ReplaceAll(out, id, kind)
		}
	}
	return out
}

func TestRoutesThatWriteWantTheirForm(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.owner.open("/overview")
	for _, r := range f.web.routes() {
		if r.method == http.MethodGet {
			continue
		}
		path := r.at(t, unknown())
		foreign := f.owner.do(r.method, path, form("csrf", f.owner.csrf).Encode(),
			"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
		if foreign.status != http.StatusForbidden {
			t.Errorf("%s %s from another site: %d", r.method, path, foreign.status)
		}
		if r.who == anybody {
			continue
		}
		for _, mark := range []string{"", "x", f.viewer.csrf} {
			if a := f.owner.postForm(path, form("csrf", mark)); a.status != http.StatusForbidden {
				t.Errorf("%s %s with the mark %q: %d", r.method, path, mark, a.status)
			}
		}
	}
}
