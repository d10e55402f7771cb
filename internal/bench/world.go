package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
)

// accounts is how many API keys share the load: one key may ask 1,000,000 times
// a minute at most.
const accounts = 8

// world is what a server is filled with.
type world struct {
	// careful is a company with the rules of a careful customer; quick one
	// whose agents also have a velocity rule.
	careful, quick *tenant
	tally          tally
	// known are authorizations that can be read.
	known   [][]byte
	keeping sync.Mutex
}

// keep remembers an authorization's id.
func (w *world) keep(id []byte) {
	w.keeping.Lock()
	defer w.keeping.Unlock()
	w.known = append(w.known, bytes.Clone(id))
}

// tenant is a company with its keys.
type tenant struct {
	id      uuid.UUID
	secrets []string
	agents  int
}

// The rules lie far above what is spent, so that every request meets all of
// them and passes. Together they are two policies: one for everybody, one for
// each agent's own budget.
const (
	everyone = `{"name":"Everyone","status":"active","rules":[
 {"type":"transaction_limit","amount":10000,"currency":"usd"},
 {"type":"merchant","mode":"block","values":["casino-*","*.bet","lottery","gift card*"]},
 {"type":"currency","mode":"allow","values":["usd","eur"]}]}`
	budgets = `{"name":"Budgets","status":"active","rules":[
 {"type":"limit","period":"day","amount":500000000,"currency":"usd","time_zone":"Europe/Berlin"},
 {"type":"limit","period":"month","amount":5000000000,"currency":"usd","time_zone":"Europe/Berlin"},
 {"type":"approval_threshold","amount":5000,"currency":"usd"}]}`
	velocity = `{"name":"Velocity","status":"active","rules":[
 {"type":"velocity","window":"1h","count":1000}]}`
)

// furnish makes the companies, their keys, rules and agents.
func (s *server) furnish(ctx context.Context, agents int) (err error) {
	s.world = &world{}
	if s.careful, err = s.found(ctx, "careful", agents, everyone, budgets); err != nil {
		return err
	}
	s.quick, err = s.found(ctx, "quick", agents, everyone, budgets, velocity)
	return err
}

// found makes one company by its API; only the many agents come by SQL.
func (s *server) found(ctx context.Context, name string, agents int, policies ...string) (*tenant, error) {
	p, err := s.signUp(ctx, name)
	if err != nil {
		return nil, err
	}
	t := &tenant{agents: agents}
	p.keys(t, "live", `"spend","read"`)
	p.must("POST", "/v1/agents", `{"handle":"bot-00000","name":"Bot"}`, nil)
	for _, policy := range policies {
		p.must("POST", "/v1/policies", policy, nil)
	}
	if p.err != nil {
		return nil, p.err
	}
	return t, s.populate(ctx, t, name, agents)
}

// signUp makes a company and its owner.
func (s *server) signUp(ctx context.Context, name string) (*person, error) {
	p := &person{ctx: ctx, base: "http://" + s.address}
	email := name + "@example.com"
	p.must("POST", "/v1/auth/magic-link", fmt.Sprintf(`{"email":%q}`, email), nil)
	link := regexp.MustCompile(`token=([A-Za-z0-9_.-]+)`).FindSubmatch(p.must("GET", "/dev/mail.json", "", nil))
	if link == nil {
		return nil, fmt.Errorf("no sign-in link in the mailbox: %w", p.err)
	}
	var session struct{ Token string }
	p.must("POST", "/v1/auth/verify", fmt.Sprintf(`{"token":%q}`, link[1]), &session)
	p.session = session.Token
	p.must("POST", "/v1/companies", fmt.Sprintf(`{"name":%q,"currency":"usd"}`, name), nil)
	return p, p.err
}

// keys gives a company its API keys.
func (p *person) keys(t *tenant, mode, scopes string) {
	for range accounts {
		var made struct{ Key string }
		p.must("POST", "/v1/api-keys", fmt.Sprintf(`{"name":"bench","mode":%q,"scopes":[%s],"rate_limit":{"per_minute":1000000,"in_flight":10000}}`, mode, scopes), &made)
		t.secrets = append(t.secrets, made.Key)
	}
}

// populate gives a company the agents bot-00001 and so on.
func (s *server) populate(ctx context.Context, t *tenant, name string, agents int) error {
	if err := s.db.QueryRow(ctx, "SELECT company_id FROM companies WHERE name = $1", name).Scan(&t.id); err != nil {
		return err
	}
	_, err := s.db.CopyFrom(ctx, pgx.Identifier{"agents"},
		[]string{"company_id", "live", "agent_id", "handle", "name", "status"},
		pgx.CopyFromSlice(agents, func(i int) ([]any, error) {
			return []any{t.id, true, ident.New(), fmt.Sprintf("bot-%05d", i+1), "Bot", "active"}, nil
		}))
	return err
}

// person uses the API with a session, outside the measuring. After the first
// failure it does nothing more.
type person struct {
	ctx           context.Context
	base, session string
	test          bool // in test mode
	err           error
}

func (p *person) must(method, path, body string, into any) []byte {
	if p.err != nil {
		return nil
	}
	answer, err := p.ask(method, path, body)
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	p.err = err
	return answer
}

func (p *person) ask(method, path, body string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, p.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if p.session != "" {
		r.Header.Set("Authorization", "Bearer "+p.session)
	}
	if p.test {
		r.Header.Set("X-Mode", "test")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, response.Status, answer)
	}
	return answer, err
}
