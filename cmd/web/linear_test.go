package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/linear"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// asker asks two servers over HTTP, each call one at random, as an agent's
// program and a person would.
type asker struct {
	caller
	person caller
	bases  []string

	mu        sync.Mutex
	numbers   map[string]int
	ids       [linear.Slots]string
	approvals [linear.Slots]string
}

// Do sends one request. What ends without an answer, or with 503, may have
// happened.
func (g *asker) Do(ctx context.Context, in linear.Input) linear.Output {
	c, method, path, body := g.request(in)
	if path == "" {
		return linear.Output{Code: linear.NothingDone} // it never was held: nobody can vote
	}
	r, err := http.NewRequestWithContext(ctx, method, g.bases[rand.IntN(len(g.bases))]+path, strings.NewReader(body))
	if err != nil {
		panic(err) // an address of the test's own
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(c.header[0], c.header[1])
	if in.Kind == linear.Authorize {
		r.Header.Set("Idempotency-Key", fmt.Sprint("slot-", in.Slot))
	}
	response, err := c.client.Do(r)
	if err != nil {
		return linear.Output{Unknown: true}
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return linear.Output{Unknown: true}
	}
	return g.read(in, response, read)
}

func (g *asker) request(in linear.Input) (c caller, method, path, body string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id, amount := g.ids[in.Slot], "{}"
	if in.Minor > 0 {
		amount = fmt.Sprintf(`{"amount":%d.%02d}`, in.Minor/100, in.Minor%100)
	}
	agent := fmt.Sprint("bot-", in.Agent)
	switch in.Kind {
	case linear.Authorize:
		capture := map[bool]string{true: "auto", false: "explicit"}[in.Auto]
		return g.caller, "POST", "/v1/authorize", fmt.Sprintf(`{"agent":%q,"amount":%d.%02d,"currency":"usd","merchant":{"name":"AWS"},"capture":%q}`,
			agent, in.Minor/100, in.Minor%100, capture)
	case linear.Confirm:
		return g.caller, "POST", "/v1/authorize/" + id + "/confirm", amount
	case linear.Void:
		return g.caller, "POST", "/v1/authorize/" + id + "/void", "{}"
	case linear.Approve, linear.Deny:
		if g.approvals[in.Slot] == "" {
			return g.person, "POST", "", ""
		}
		if in.Kind == linear.Deny {
			return g.person, "POST", "/v1/approvals/" + g.approvals[in.Slot] + "/deny", "{}"
		}
		return g.person, "POST", "/v1/approvals/" + g.approvals[in.Slot] + "/approve", amount
	case linear.Budget:
		return g.caller, "GET", "/v1/budget/" + agent, ""
	case linear.Freeze, linear.Unfreeze:
		return g.caller, "POST", "/v1/agents/" + agent + "/" + string(in.Kind), "{}"
	case linear.Expire: // time cannot be moved from outside
		return g.caller, "GET", "", ""
	}
	return g.caller, "GET", "/v1/authorize/" + id, ""
}

// read turns an answer into what the model says.
func (g *asker) read(in linear.Input, response *http.Response, body []byte) linear.Output {
	var said struct {
		ID, Code      string
		Status        any // of a problem it is a number
		Amount        json.Number
		Approval      *struct{ ID string }
		Authorization *struct {
			Status string
			Amount json.Number
		}
		Budgets []struct {
			Limits []struct {
				Per             string
				Spent, Reserved json.Number
			}
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&said); err != nil {
		g.t.Errorf("%+v: %d %s", in, response.StatusCode, body)
	}
	switch {
	case said.Code == linear.NothingDone:
		return linear.Output{Code: said.Code}
	case response.StatusCode >= 500 || said.Code == "idempotency_in_flight" || response.StatusCode == http.StatusTooManyRequests:
		return linear.Output{Unknown: true}
	case said.Code != "":
		return linear.Output{Code: said.Code}
	case in.Kind == linear.Freeze || in.Kind == linear.Unfreeze:
		return linear.Output{}
	case in.Kind == linear.Budget:
		var out linear.Output
		for _, l := range said.Budgets[0].Limits {
			if l.Per == "company" {
				out.AllSpent, out.AllReserved = minor(l.Spent), minor(l.Reserved)
			} else {
				out.Spent, out.Reserved = minor(l.Spent), minor(l.Reserved)
			}
		}
		return out
	case said.Authorization != nil:
		return linear.Output{Status: said.Authorization.Status[0], Minor: minor(said.Authorization.Amount)}
	}
	status, _ := said.Status.(string)
	if status == "" {
		g.t.Errorf("%+v: %d %s", in, response.StatusCode, body)
		return linear.Output{}
	}
	out := linear.Output{Status: status[0], Minor: minor(said.Amount)}
	if in.Kind == linear.Authorize {
		out.ID = g.keep(in.Slot, said.ID, said.Approval != nil, body)
		if response.Header.Get("Idempotent-Replayed") == "true" {
			return linear.Output{Replayed: true, ID: out.ID}
		}
	}
	return out
}

// keep remembers which authorization a slot has, and its approval.
func (g *asker) keep(slot int, id string, held bool, body []byte) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.numbers[id] == 0 {
		g.numbers[id] = len(g.numbers) + 1
	}
	g.ids[slot] = id
	if held {
		var said struct{ Approval struct{ ID string } }
		if err := json.Unmarshal(body, &said); err != nil {
			g.t.Error(err)
		}
		g.approvals[slot] = said.Approval.ID
	}
	return g.numbers[id]
}

// minor is an amount of the API in cents.
func minor(n json.Number) (cents int64) {
	for _, digit := range n.String() {
		if digit != '.' {
			cents = cents*10 + int64(digit-'0')
		}
	}
	return cents
}

// TestTwoServersAreLinearizable: there is one order of what several clients
// asked two servers over HTTP, in which every answer is right.
func TestTwoServersAreLinearizable(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	settings := []string{"DATABASE_URL=" + owner, "DATA_DIR=" + t.TempDir(), "SIGNING_ALG=ES256"}
	servers := []running{start(t, settings...), start(t, settings...)}
	person := signUp(t, servers[0].url)
	g := &asker{caller: person.key(`"admin","spend"`), person: person, numbers: map[string]int{}}
	for _, s := range servers {
		g.bases = append(g.bases, s.url)
	}
	limits := linear.Limits{PerAgent: 20000, Together: 30000, Threshold: 8000}
	for i := range linear.Agents {
		g.must("POST", "/v1/agents", fmt.Sprintf(`{"handle":"bot-%d","name":"Bot"}`, i))
	}
	g.must("POST", "/v1/policies", `{"name":"Tight","status":"active","rules":[
		{"type":"limit","period":"total","amount":200,"currency":"usd"},
		{"type":"limit","period":"year","amount":300,"currency":"usd","per":"company"},
		{"type":"approval_threshold","amount":80,"currency":"usd"}]}`)
	history := linear.Run(t.Context(), g, linear.Load{Clients: 6, Calls: 40, Agents: linear.Agents, Limits: limits, Hurry: 3})
	if err := linear.Check(history, limits, true, time.Minute); err != nil {
		t.Fatal(err)
	}
}
