package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// shifting is what two answers to the same question differ in for good reason.
var shifting = []*regexp.Regexp{
	regexp.MustCompile(`\b(req|agent|pol|auth|appr|key|evt|mem|co|person|sess|whk|whd|acct|txn|card|ctx)_(?:[a-z]{3}_)?[0-9a-z]{26}\b`),
	regexp.MustCompile(`\b20\d\d-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)`), regexp.MustCompile(`eyJ[\w.-]+`), regexp.MustCompile(`ag_(test|live)_\w+`), regexp.MustCompile(`whsec_[\w+/=]+`),
	regexp.MustCompile(`own-\d{6}`), regexp.MustCompile(`Card ending \d{4}`), regexp.MustCompile(`"digest":"[^"]+"`), regexp.MustCompile(`"(used|remaining|balance|last4|pan|cvv)":"?[0-9.]+"?`), regexp.MustCompile(`"(sandbox:[0-9a-f-]+|once:[0-9a-f]+)"`),
}

// seen is what a caller sees of an answer: everything but what shifts.
func seen(a answer) string {
	h := a.header.Clone()
	for _, name := range []string{"Date", "X-Request-Id", "Ratelimit-Remaining", "Ratelimit-Reset"} {
		h.Del(name)
	}
	if a.status < 400 {
		h.Del("Content-Length") // of amounts that are left, say
	}
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	_ = h.Write(&b) // a builder takes everything
	b.Write(a.body)
	text := b.String()
	for _, p := range shifting {
		text = p.ReplaceAllString(text, "…")
	}
	return text
}

// leaks has one side try every place of every operation with what the other
// side owns, and says where the answer is another than for what nobody owns, or
// where something of the other side's changed.
func leaks(t *testing.T, attacker, victim *side) []string {
	t.Helper()
	sameCompany := attacker.id == victim.id
	all, _ := probes(attacker.api.huma.OpenAPI())
	var out []string
	var before map[string]string
	for i, p := range all {
		if sameCompany && (p.kind == string(ident.Member) || p.kind == string(ident.Company) || gateFor(p.op).person) {
			continue // the modes share them
		}
		names := victim.pairs(p)
		before = victim.rows(t, !sameCompany)
		for _, pair := range names {
			for _, by := range attacker.credentials(p.op) {
				out = append(out, attacker.compare(p, pair, by)...)
			}
		}
		if table := changed(before, victim.rows(t, !sameCompany)); table != "" {
			out = append(out, fmt.Sprintf("%s %s.%s changed %s", p.op.OperationID, p.at.in, p.at.name, table))
		}
		if t.Context().Err() != nil {
			t.Fatalf("%d of %d places were tried", i, len(all))
		}
	}
	return out
}

// compare tries somebody else's name and nobody's.
func (s *side) compare(p probe, names pair, by client) (out []string) {
	say := func(format string, args ...any) {
		out = append(out, p.op.OperationID+" "+p.at.in+"."+p.at.name+" "+fmt.Sprintf(format, args...))
	}
	s.compared++
	theirs, nobodys := s.try(p, names.theirs, by), s.try(p, names.nobodys, s.again(p, by))
	if theirs.status == http.StatusTooManyRequests || nobodys.status == http.StatusTooManyRequests {
		s.t.Fatal("the rate limit hides the answers")
	}
	if seen(theirs) != seen(nobodys) {
		say("tells them apart:\n%s\n%s", seen(theirs), seen(nobodys))
	}
	if p.kind != onceKind && p.at.in != "query" && theirs.status < 400 {
		say("takes it: %d %s", theirs.status, theirs.body)
	}
	return out
}

func (s *side) try(p probe, value string, by client) answer {
	if p.kind == onceKind {
		return s.send(p, "", value, by)
	}
	return s.send(p, value, "", by)
}

// again is the credential for the second of two requests.
func (s *side) again(p probe, by client) client {
	if p.op.OperationID == "logout" {
		return s.credentials(p.op)[0]
	}
	return by
}

func changed(before, after map[string]string) string {
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			return table
		}
	}
	return ""
}

// TestNobodySeesAnothersThings tries another company's and the other mode's
// names at every place of every route.
func TestNobodySeesAnothersThings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	a, b := w.newFirm("a@example.com"), w.newFirm("b@example.com")
	victim := a.side("test")
	for name, attacker := range map[string]*side{"company": b.side("test"), "mode": a.side("live")} {
		for _, leak := range leaks(t, attacker, victim) {
			t.Errorf("another %s: %s", name, leak)
		}
		if attacker.compared < 200 {
			t.Errorf("another %s: only %d names were tried", name, attacker.compared)
		}
	}
}

// plantLeaks adds operations that each let something through.
func plantLeaks(a *API) {
	open := func(_ context.Context, in *AgentRef) (uuid.UUID, bool) {
		id, ok := ident.Parse(ident.Agent, in.ID)
		return id, ok
	}
	exists := func(ctx context.Context, id uuid.UUID) (found bool, err error) {
		err = a.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM agents WHERE agent_id = $1)`, id).Scan(&found)
		return found, err
	}
	plant := func(id string, h func(ctx context.Context, id uuid.UUID, found bool) error) {
		a.testGates[id] = anyOf("admin")
		handle(a, huma.Operation{OperationID: id, Method: http.MethodPost, Path: "/v1/agents/{id}/" + id},
			func(ctx context.Context, in *AgentRef) (*reply[tryAnswer], error) {
				agent, ok := open(ctx, in)
				if !ok {
					return nil, missing("agent")
				}
				found, err := exists(ctx, agent)
				if err == nil {
					err = h(ctx, agent, found)
				}
				return &reply[tryAnswer]{}, err
			})
	}
	a.testGates = map[string]gate{}
	plant("leak-status", func(_ context.Context, _ uuid.UUID, found bool) error {
		if found {
			return fault.New(fault.Forbidden, "forbidden", "Not yours.")
		}
		return missing("agent")
	})
	plant("leak-text", func(_ context.Context, _ uuid.UUID, found bool) error {
		if found {
			return fault.New(fault.NotFound, "not_found", "There is no such agent here.")
		}
		return missing("agent")
	})
	plant("leak-write", func(ctx context.Context, id uuid.UUID, _ bool) error {
		_, err := a.pool.Exec(ctx, `UPDATE agents SET name = 'taken' WHERE agent_id = $1`, id)
		if err != nil {
			return err
		}
		return missing("agent")
	})
	plant("leak-nothing", func(context.Context, uuid.UUID, bool) error { return missing("agent") })
}

// TestPlantedLeaksAreFound shows that the matrix finds a status, a text and a
// write that give another company away, and does not find what is right.
func TestPlantedLeaksAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	plantLeaks(w.api)
	for path := range w.api.huma.OpenAPI().Paths { // the others have their own test
		if !strings.Contains(path, "leak-") {
			delete(w.api.huma.OpenAPI().Paths, path)
		}
	}
	a, b := w.newFirm("a@example.com"), w.newFirm("b@example.com")
	attacker, victim := b.side("test"), a.side("test")
	found := strings.Join(leaks(t, attacker, victim), "\n")
	for operation, want := range map[string]bool{"leak-status path.id tells": true, "leak-text path.id tells": true, "leak-write path.id changed agents": true, "leak-nothing": false} {
		if strings.Contains(found, operation) != want {
			t.Errorf("%s: %v\n%s", operation, !want, found)
		}
	}
}
