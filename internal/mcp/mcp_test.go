package mcp_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/getpurser/purser/internal/mcp"
)

// api stands in for the API: what each call was, and what it is answered.
type api struct {
	t       *testing.T
	calls   []string
	headers []http.Header
	answers map[string]string
	status  int
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
	}
	call := strings.TrimSpace(r.Method + " " + r.URL.RequestURI() + " " + string(body))
	a.calls, a.headers = append(a.calls, call), append(a.headers, r.Header)
	if _, asked := a.answers["GET /v1/agents"]; r.URL.Path == "/v1/agents" && !asked {
		a.calls, a.headers = a.calls[:len(a.calls)-1], a.headers[:len(a.headers)-1]
		_, _ = io.WriteString(w, `{"data":[]}`) // the door looks at the key
		return
	}
	answer, ok := a.answers[r.Method+" "+r.URL.Path]
	if !ok {
		a.t.Errorf("nobody expected %s", call)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, answer)
}

// keyed sends the key with each message, as a client is told to.
type keyed struct{ key string }

func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+k.key)
	return http.DefaultTransport.RoundTrip(r)
}

// connect is a real client of the protocol over HTTP.
func connect(t *testing.T, a *api, key string) *sdk.ClientSession {
	t.Helper()
	a.t = t
	server := httptest.NewServer(mcp.Handler(a, "http://purser.example", "test", slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: server.URL, DisableStandaloneSSE: true,
		HTTPClient: &http.Client{Transport: keyed{key}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func call(t *testing.T, s *sdk.ClientSession, tool string, arguments map[string]any) (*sdk.CallToolResult, map[string]any, string) {
	t.Helper()
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, c := range result.Content {
		if words, ok := c.(*sdk.TextContent); ok {
			text.WriteString(words.Text + "\n")
		}
	}
	var structured map[string]any
	if raw, err := json.Marshal(result.StructuredContent); err == nil {
		_ = json.Unmarshal(raw, &structured)
	}
	return result, structured, text.String()
}

const approved = `{"id":"auth_1","decision":"APPROVED","status":"pending","reason_code":"ok","reason":"Within every limit","amount":249.90,
	"currency":"usd","merchant":{"name":"AWS"},"expires_at":"2026-01-01T00:00:00Z","token":"ey.x.y","trace":[{"policy":"pol_1","rule":"limit","outcome":"pass","limit":5000.00,"used":12.00,"remaining":4738.10}],"remedies":[]}`

func TestAsking(t *testing.T) {
	t.Parallel()
	a := &api{answers: map[string]string{"POST /v1/authorize": approved}}
	s := connect(t, a, "ag_test_key")
	_, d, text := call(t, s, "authorize_spend", map[string]any{"amount": "249.90", "currency": "usd", "merchant": "AWS", "mcc": "7372", "idempotency_key": "run-81"})
	if d["decision"] != "APPROVED" || d["amount"] != "249.90" || d["token"] != "ey.x.y" || !strings.Contains(text, "confirm_spend") {
		t.Errorf("%v\n%s", d, text)
	}
	if a.calls[0] != `POST /v1/authorize {"amount":"249.90","currency":"usd","merchant":{"mcc":"7372","name":"AWS"}}` {
		t.Errorf("%s", a.calls[0])
	}
	if h := a.headers[0]; h.Get("Authorization") != "Bearer ag_test_key" || h.Get("Idempotency-Key") != "run-81" {
		t.Errorf("%v", h)
	}
	call(t, s, "check_spend", map[string]any{"amount": "1", "currency": "usd", "merchant": "AWS"})
	if !strings.Contains(a.calls[1], `"dry_run":true`) {
		t.Errorf("a question reserved budget: %s", a.calls[1])
	}
}

func TestAfterwards(t *testing.T) {
	t.Parallel()
	a := &api{answers: map[string]string{"POST /v1/authorize/auth_1/confirm": approved, "POST /v1/authorize/auth_1/void": approved,
		"GET /v1/authorize/auth_1": approved}}
	s := connect(t, a, "ag_test_key")
	call(t, s, "confirm_spend", map[string]any{"id": "auth_1", "amount": "200"})
	call(t, s, "void_spend", map[string]any{"id": "auth_1"})
	call(t, s, "wait_for_decision", map[string]any{"id": "auth_1", "seconds": 5})
	_, e, text := call(t, s, "explain_decision", map[string]any{"id": "auth_1"})
	if !slices.Equal(a.calls, []string{`POST /v1/authorize/auth_1/confirm {"amount":"200"}`, "POST /v1/authorize/auth_1/void {}",
		"GET /v1/authorize/auth_1?wait=5", "GET /v1/authorize/auth_1"}) {
		t.Errorf("%q", a.calls)
	}
	if rules := e["rules"].([]any); len(rules) != 1 || !strings.Contains(text, "remaining 4738.10") {
		t.Errorf("%v\n%s", e, text)
	}
}

func TestWhatApplies(t *testing.T) {
	t.Parallel()
	a := &api{answers: map[string]string{"POST /v1/auth/validate": `{"valid":true,"agent":"agent_7"}`,
		"GET /v1/budget/agent_7":          `{"agent":"agent_7","budgets":[{"currency":"usd","max_amount_now":37.90,"max_without_approval":null,"limits":[{"period":"month","per":"agent","limit":5000.00,"spent":4812.10,"reserved":150.00,"remaining":37.90,"window":{"to":"2026-04-01T00:00:00+02:00"}}]}]}`,
		"GET /v1/agents/agent_7/policies": `{"data":[{"id":"pol_1","name":"Everyday","version":3,"status":"active","sentences":["Denies any single payment above 3,000.00 USD."]},{"id":"pol_2","name":"Idea","version":1,"status":"draft","sentences":[]}]}`}}
	s := connect(t, a, "ag_test_key")
	_, b, _ := call(t, s, "get_budget", nil)
	budget := b["budgets"].([]any)[0].(map[string]any)
	if budget["max_amount_now"] != "37.90" || budget["max_without_approval"] != nil || a.calls[0] != `POST /v1/auth/validate {"key":"ag_test_key"}` {
		t.Errorf("%v, %q", b, a.calls)
	}
	r, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "purser://policies"})
	if err != nil || !strings.Contains(r.Contents[0].Text, "Denies any single payment above 3,000.00 USD.") || strings.Contains(r.Contents[0].Text, "Idea") {
		t.Errorf("%v, %v", r, err)
	}
}

// TestRefusalsSayWhatToDo holds each refusal to an error of the tool, not of
// the protocol, with what comes next.
func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{403: "another way", 404: "Check the id", 409: "explain_decision", 422: "Correct the arguments", 429: "do not pay", 503: "do not pay"} {
		a := &api{status: status, answers: map[string]string{"POST /v1/authorize": `{"status":1,"code":"some_code","detail":"The detail."}`}}
		a.answers["POST /v1/authorize"] = strings.Replace(a.answers["POST /v1/authorize"], "1", itoa(status), 1)
		result, _, text := call(t, connect(t, a, "ag_test_key"), "authorize_spend", map[string]any{"amount": "1", "currency": "usd", "merchant": "AWS"})
		if !result.IsError || !strings.Contains(text, "The detail.") || !strings.Contains(text, "some_code") || !strings.Contains(text, want) {
			t.Errorf("%d: %s", status, text)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// TestADeadKeyIsRefusedByTheDoor is the transport's 401, at the beginning and in
// the middle of a session.
func TestADeadKeyIsRefusedByTheDoor(t *testing.T) {
	t.Parallel()
	a := &api{t: t, status: http.StatusUnauthorized, answers: map[string]string{"GET /v1/agents": `{"status":401,"code":"invalid_key","detail":"No."}`,
		"POST /v1/authorize": `{"status":401,"code":"invalid_key","detail":"No."}`}}
	server := httptest.NewServer(mcp.Handler(a, "http://purser.example", "test", slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	for _, message := range []string{`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"authorize_spend","arguments":{"amount":"1","currency":"usd","merchant":"AWS"}}}`} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer ag_test_dead"}, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized || !strings.Contains(answer.Header.Get("WWW-Authenticate"), `error="invalid_token"`) || strings.Contains(string(body), "jsonrpc") {
			t.Errorf("%d %v: %s", answer.StatusCode, answer.Header, body)
		}
	}
}

// TestNoToolDecides keeps the tools to what an agent may do.
func TestNoToolDecides(t *testing.T) {
	t.Parallel()
	s := connect(t, &api{}, "ag_test_key")
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
		if tool.Annotations == nil || tool.Description == "" || tool.OutputSchema == nil || len(tool.Description) > 200 {
			t.Errorf("%s is not described well", tool.Name)
		}
	}
	slices.Sort(names)
	want := []string{"authorize_spend", "check_spend", "confirm_spend", "explain_decision", "get_budget", "list_policies", "void_spend", "wait_for_decision"}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	if got, err := s.GetPrompt(t.Context(), &sdk.GetPromptParams{Name: "spend_rules"}); err != nil || len(got.Messages) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWithoutAKey(t *testing.T) {
	t.Parallel()
	h := mcp.Handler(http.NotFoundHandler(), "http://purser.example", "test", slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/mcp", strings.NewReader("{}")))
	if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
