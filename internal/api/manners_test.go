package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/postgres"
)

// The operations of this file exist only here: they show each manner without
// any feature.

type tryInput struct {
	ID    string `path:"id"`
	Limit int    `query:"limit" minimum:"1" maximum:"200"`
	Body  struct {
		Amount money.Number      `json:"amount"`
		Name   string            `json:"name"`
		Count  int64             `json:"count,omitzero"`
		Inner  *struct{ X bool } `json:"inner,omitempty"`
		List   []string          `json:"list,omitempty"`
	}
}

type tryAnswer struct {
	Amount  string `json:"amount"`
	Version int    `json:"version"`
	Secret  string `json:"secret,omitempty"`
}

func (tryAnswer) versioned() {}

func (t tryAnswer) stored() any {
	t.Secret = ""
	return t
}

type optionalInput struct {
	Body *struct {
		Note string `json:"note,omitempty"`
	}
}

type readInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type testCase struct {
	method, path, body string
	header             map[string]string
	status             int
	code, location     string
}

type tester struct {
	*httptest.Server
	t    *testing.T
	api  *API
	logs *bytes.Buffer
	runs int
}

func testRoutes(tr *tester) func(*API) {
	return func(a *API) {
		a.testGates = map[string]gate{"try": anyOf(access.ScopeAdmin), "optional": anyOf(access.ScopeAdmin), "open": {public: true},
			"read": anyOf(access.ScopeRead), "breaks": {public: true}, "panics": {public: true}, "session": {person: true}, "old": {public: true}}
		a.deprecations = map[string]Deprecation{"old": {Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			Sunset: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Link: "https://example.com/new"}}
		effect(a, huma.Operation{OperationID: "try", Method: http.MethodPost, Path: "/v1/tests/{id}", DefaultStatus: 201},
			func(_ context.Context, _ pgx.Tx, in *tryInput) (tryAnswer, error) {
				tr.runs++
				return tryAnswer{Amount: string(in.Body.Amount), Version: tr.runs, Secret: "once"}, nil
			})
		handle(a, huma.Operation{OperationID: "optional", Method: http.MethodPost, Path: "/v1/optional"},
			func(_ context.Context, in *optionalInput) (*reply[tryAnswer], error) {
				if in.Body == nil {
					return &reply[tryAnswer]{Body: tryAnswer{Amount: "none"}}, nil
				}
				return &reply[tryAnswer]{Body: tryAnswer{Amount: in.Body.Note}}, nil
			})
		handle(a, huma.Operation{OperationID: "open", Method: http.MethodPost, Path: "/v1/open"},
			func(context.Context, *struct{}) (*reply[tryAnswer], error) { return &reply[tryAnswer]{}, nil })
		handle(a, huma.Operation{OperationID: "read", Method: http.MethodGet, Path: "/v1/read"},
			func(_ context.Context, in *readInput) (*reply[tryAnswer], error) {
				return &reply[tryAnswer]{Body: tryAnswer{Version: in.Limit}}, nil
			})
		handle(a, huma.Operation{OperationID: "session", Method: http.MethodGet, Path: "/v1/session"},
			func(context.Context, *struct{}) (*reply[tryAnswer], error) { return &reply[tryAnswer]{}, nil })
		handle(a, huma.Operation{OperationID: "old", Method: http.MethodGet, Path: "/v1/old"},
			func(context.Context, *struct{}) (*reply[tryAnswer], error) { return &reply[tryAnswer]{}, nil })
		handle(a, huma.Operation{OperationID: "breaks", Method: http.MethodGet, Path: "/v1/breaks"},
			func(context.Context, *struct{}) (*reply[tryAnswer], error) { return nil, io.ErrUnexpectedEOF })
		handle(a, huma.Operation{OperationID: "panics", Method: http.MethodGet, Path: "/v1/panics"},
			func(context.Context, *struct{}) (*reply[tryAnswer], error) { panic("sesame") })
	}
}

// newTester serves the test operations; pool may be nil where no operation
// with an effect is called.
func newTester(t *testing.T, pool *postgres.Pool) *tester {
	t.Helper()
	tr := &tester{t: t, logs: &bytes.Buffer{}}
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	tenant := ident.Tenant{Company: ident.New(), Live: true}
	a := &API{base: "http://base.test", log: slog.New(slog.NewJSONHandler(tr.logs, nil)), metrics: m,
		seal: newSeal([]byte("key")), pool: pool,
		clientOf: func(*http.Request) string { return "192.0.2.1" },
		identify: func(r *http.Request) (access.Principal, error) {
			k := r.Header.Get("X-API-Key")
			if k == "" {
				return access.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "Send a key.")
			}
			return access.Principal{Kind: access.ByKey, Key: ident.New(), Tenant: tenant, Scopes: []access.Scope{access.Scope(k)}}, nil
		},
		limit: func(_ context.Context, p access.Principal) (access.Admission, error) {
			left := access.Admission{Limit: 1000, Remaining: 999, Reset: time.Minute, Release: func() {}}
			if p.Has("fast") {
				return left, fault.New(fault.RateLimited, "rate_limited", "Slow down.").After(1500 * time.Millisecond)
			}
			return left, nil
		},
		findAgent: func(context.Context, ident.Tenant, string) (uuid.UUID, error) {
			return uuid.Nil, fault.Missing("agent")
		},
		entrance: newEntrance(func(ident.Tenant) bool { return false }), strict: strictest(),
	}
	tr.api = a
	e := echo.New()
	e.Use(a.Middleware()...)
	e.HTTPErrorHandler = a.HTTPErrorHandler(nil)
	a.mount(e, testRoutes(tr))
	tr.Server = httptest.NewServer(e)
	t.Cleanup(tr.Close)
	return tr
}

func (tr *tester) do(c testCase) (*http.Response, []byte) {
	tr.t.Helper()
	req, err := http.NewRequestWithContext(tr.t.Context(), c.method, tr.URL+c.path, strings.NewReader(c.body))
	if err != nil {
		tr.t.Fatal(err)
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	resp, err := tr.Client().Do(req)
	if err != nil {
		tr.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		tr.t.Fatal(err)
	}
	return resp, body
}

// want checks an answer; an error must be a whole problem.
func (tr *tester) want(c testCase) (http.Header, []byte) {
	tr.t.Helper()
	resp, body := tr.do(c)
	if resp.StatusCode != c.status {
		tr.t.Errorf("%s %s %.60s: %d, wanted %d: %s", c.method, c.path, c.body, resp.StatusCode, c.status, body)
	} else if c.status >= 400 {
		checkProblem(tr.t, c, resp, body)
	}
	return resp.Header, body
}

func checkProblem(t testing.TB, c testCase, resp *http.Response, body []byte) {
	t.Helper()
	var p Problem
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || resp.Header.Get("Content-Type") != problemType {
		t.Errorf("%s %s: no problem: %v %s %s", c.method, c.path, err, resp.Header.Get("Content-Type"), body)
		return
	}
	if p.Status != resp.StatusCode || p.Code == "" || p.Detail == "" || p.Title == "" ||
		p.RequestID == "" || p.RequestID != resp.Header.Get("X-Request-Id") || !strings.HasSuffix(p.Type, "/problems/"+p.Code) {
		t.Errorf("%s %s: half a problem: %s", c.method, c.path, body)
	}
	if c.code != "" && p.Code != c.code {
		t.Errorf("%s %s %.60s: code %s, wanted %s: %s", c.method, c.path, c.body, p.Code, c.code, body)
	}
	if c.location != "" && (len(p.Errors) == 0 || p.Errors[0].Location != c.location) {
		t.Errorf("%s %s %.60s: wanted a problem at %s: %s", c.method, c.path, c.body, c.location, body)
	}
}

func admin(extra ...string) map[string]string {
	h := map[string]string{"X-API-Key": "admin", "Content-Type": "application/json"}
	for i := 0; i < len(extra); i += 2 {
		h[extra[i]] = extra[i+1]
	}
	return h
}

const good = `{"amount":249.990,"name":"x"}`

func TestEveryErrorIsAProblem(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	p := "/v1/tests/1"
	for _, c := range []testCase{
		{"GET", "/v1/nowhere", "", nil, 404, "not_found", ""},
		{"GET", "/v1/tests/", "", nil, 404, "not_found", ""},
		{"POST", "/v1/tests/", good, admin(), 404, "not_found", ""},
		{"GET", p, "", admin(), 405, "method_not_allowed", ""},
		{"BREW", "/v1/read", "", nil, 405, "method_not_allowed", ""},
		{"POST", p, good, nil, 401, "unauthenticated", ""},
		{"POST", p, "{", map[string]string{"Content-Type": "text/xml"}, 401, "", ""},
		{"POST", p, good, admin("X-API-Key", "read"), 403, "scope_missing", ""},
		{"GET", "/v1/session", "", admin(), 403, "session_required", ""},
		{"GET", "/v1/read", "", admin("X-API-Key", "fast"), 429, "rate_limited", ""},
		{"GET", "/v1/breaks", "", nil, 500, "internal", ""},
		{"GET", "/v1/panics", "", nil, 500, "internal", ""},
		{"POST", p, good, admin("X-Agent-Id", "nobody"), 404, "not_found", ""},

		{"POST", p, "", admin(), 400, "body_required", ""},
		{"POST", p, " \n", admin(), 400, "body_required", ""},
		{"POST", p, "{", admin(), 400, "malformed_json", ""},
		{"POST", p, good + good, admin(), 400, "trailing_data", "body"},
		{"POST", p, good + "x", admin(), 400, "trailing_data", "body"},
		{"POST", p, `{"amount":NaN,"name":"x"}`, admin(), 400, "malformed_json", ""},
		{"POST", p, `{"amount":01,"name":"x"}`, admin(), 400, "malformed_json", ""},
		{"POST", p, `{"amount":1,"name":"x","name":"y"}`, admin(), 400, "duplicate_field", "body.name"},
		{"POST", p, `{"amount":1,"name":"x","inner":{"X":true,"X":true}}`, admin(), 400, "duplicate_field", "body.inner.X"},
		{"POST", p, `{"amount":1,"name":"x","na\u006de":"y"}`, admin(), 400, "duplicate_field", "body.name"},
		{"POST", p, "{\"amount\":1,\"name\":\"\xff\"}", admin(), 400, "invalid_utf8", ""},
		{"POST", p, `{"amount":1,"name":"\ud800"}`, admin(), 400, "", ""},
		{"POST", p, `{"amount":1,"name":"a\u0000b"}`, admin(), 400, "malformed_text", ""},
		{"POST", p, deep, admin(), 400, "nested_too_deep", ""},
		{"POST", p, strings.Repeat("[", 500_000), admin(), 400, "nested_too_deep", ""},
		{"POST", p, `{"amount":1` + strings.Repeat("0", 100_000) + `,"name":"x"}`, admin(), 400, "number_too_long", ""},

		{"POST", p, `{"amount":1,"Name":"x"}`, admin(), 422, "validation_failed", "body.Name"},
		{"POST", p, `{"amount":1,"name":"x","more":1}`, admin(), 422, "unknown_field", "body.more"},
		{"POST", p, `{"amount":1,"name":"x","inner":{"x":true}}`, admin(), 422, "", "body.inner.X"},
		{"POST", p, `{"amount":1}`, admin(), 422, "field_required", "body.name"},
		{"POST", p, `{"amount":null,"name":"x"}`, admin(), 422, "wrong_type", "body.amount"},
		{"POST", p, `{"amount":true,"name":"x"}`, admin(), 422, "wrong_type", "body.amount"},
		{"POST", p, `{"amount":[1],"name":"x"}`, admin(), 422, "wrong_type", "body.amount"},
		{"POST", p, `{"amount":1,"name":null}`, admin(), 422, "wrong_type", "body.name"},
		{"POST", p, `{"amount":1,"name":7}`, admin(), 422, "wrong_type", "body.name"},
		{"POST", p, `{"amount":1,"name":"x","count":1.5}`, admin(), 422, "wrong_type", "body.count"},
		{"POST", p, `{"amount":1,"name":"x","count":"1"}`, admin(), 422, "wrong_type", "body.count"},
		{"POST", p, `{"amount":1,"name":"x","count":1e400}`, admin(), 422, "wrong_type", "body.count"},
		{"POST", p, `{"amount":1,"name":"x","count":9223372036854775808}`, admin(), 422, "wrong_type", "body.count"},
		{"POST", p, `{"amount":1,"name":"x","list":["a",1]}`, admin(), 422, "wrong_type", "body.list[1]"},
		{"POST", p, `[]`, admin(), 422, "wrong_type", "body"},
		{"POST", p, `null`, admin(), 422, "wrong_type", "body"},
		{"POST", "/v1/optional", `null`, admin(), 422, "wrong_type", "body"},
		{"POST", "/v1/open", `{"x":1}`, admin(), 422, "unknown_field", "body.x"},

		{"POST", p, good, admin("Content-Type", "text/plain"), 415, "unsupported_media_type", ""},
		{"POST", p, good, map[string]string{"X-API-Key": "admin"}, 415, "unsupported_media_type", ""},
		{"POST", p, good, admin("Content-Type", "application/json; charset=latin1"), 415, "", ""},
		{"POST", p, good, admin("Content-Type", "multipart/form-data; boundary=x"), 415, "", ""},
		{"POST", p, good, admin("Content-Encoding", "gzip"), 415, "", ""},
		{"POST", "/v1/open", `{}`, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, "", ""},

		{"POST", p + "?limit=0", good, admin(), 422, "", "query.limit"},
		{"POST", p + "?limit=201", good, admin(), 422, "", "query.limit"},
		{"POST", p + "?limit=x", good, admin(), 422, "wrong_type", "query.limit"},
		{"GET", "/v1/read?limit=", "", admin("X-API-Key", "read"), 422, "empty_parameter", "query.limit"},
		{"GET", "/v1/read?limit=1&limit=2", "", admin("X-API-Key", "read"), 422, "repeated_parameter", "query.limit"},
		{"GET", "/v1/read?limit=%00", "", admin("X-API-Key", "read"), 422, "malformed_text", "query.limit"},
		{"GET", "/v1/read?limit=%ff", "", admin("X-API-Key", "read"), 422, "malformed_text", "query.limit"},
		{"GET", "/v1/read?Limit=1", "", admin("X-API-Key", "read"), 422, "unknown_parameter", "query.Limit"},
		{"GET", "/v1/read?limit=%zz", "", admin("X-API-Key", "read"), 400, "malformed_query", ""},
		{"POST", p + "?x=1", good, admin(), 422, "unknown_parameter", "query.x"},

		{"POST", p, good, admin("Idempotency-Key", strings.Repeat("k", 256)), 422, "invalid_idempotency_key", "header.Idempotency-Key"},
		{"POST", p, good, admin("Idempotency-Key", "schlüssel"), 422, "invalid_idempotency_key", ""},
		{"GET", "/v3/api-docs?version=2", "", nil, 422, "", "query.version"},
		{"GET", "/problems/no_such_code", "", nil, 404, "not_found", ""},
	} {
		tr.want(c)
	}
	if logs := tr.logs.String(); !strings.Contains(logs, "sesame") || !strings.Contains(logs, "unexpected EOF") {
		t.Error("the cause of a failure is not in the log")
	}
}

func TestInternalTextStaysInside(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	for _, path := range []string{"/v1/breaks", "/v1/panics"} {
		_, body := tr.do(testCase{method: "GET", path: path})
		if bytes.Contains(body, []byte("EOF")) || bytes.Contains(body, []byte("sesame")) {
			t.Errorf("%s tells %s", path, body)
		}
	}
	_, body := tr.do(testCase{method: "POST", path: "/v1/tests/1", body: `{"amount":"canary-5150","name":["canary-5150"]}`, header: admin()})
	if bytes.Contains(body, []byte("canary")) {
		t.Errorf("the value is repeated: %s", body)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	note := func(n int) string { return `{"note":"` + strings.Repeat("x", n-len(`{"note":""}`)) + `"}` }
	tr.want(testCase{"POST", "/v1/optional", note(1 << 20), admin(), 200, "", ""})
	tr.want(testCase{"POST", "/v1/optional", note(1<<20 + 1), admin(), 413, "body_too_large", ""})
	req, err := http.NewRequestWithContext(t.Context(), "POST", tr.URL+"/v1/optional", io.MultiReader(strings.NewReader(note(1<<20+1)))) // chunked
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", "admin")
	req.Header.Set("Content-Type", "application/json")
	resp, err := tr.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 413 {
		t.Errorf("chunked: %d", resp.StatusCode)
	}
}

// TestBodyLimitIsHeard by a client that sends everything before it listens, on a
// connection that ends with the answer.
func TestBodyLimitIsHeard(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	for _, size := range []int{1<<20 + 1, 3 << 20} {
		conn, err := net.Dial("tcp", tr.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "POST /v1/optional HTTP/1.1\r\nHost: x\r\nX-API-Key: admin\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", size, strings.Repeat("x", size))
		if err != nil {
			t.Fatalf("%d bytes: it hung up before all was sent: %v", size, err)
		}
		if answer, err := io.ReadAll(conn); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 413 ")) {
			t.Errorf("%d bytes: %v %.60s", size, err, answer)
		}
	}
}

func TestBodiesTaken(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	for _, kind := range []string{"application/json", "application/json; charset=UTF-8", "Application/JSON", "application/x-www-form-urlencoded"} {
		_, body := tr.want(testCase{"POST", "/v1/optional", `{"note":"hi"}`, admin("Content-Type", kind), 200, "", ""})
		if !bytes.Contains(body, []byte(`"hi"`)) {
			t.Errorf("%s: %s", kind, body)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		_, body := tr.want(testCase{"POST", "/v1/optional", "", admin("Content-Type", kind), 200, "", ""})
		if !bytes.Contains(body, []byte(`"none"`)) {
			t.Errorf("%q: %s", kind, body)
		}
	}
	tr.want(testCase{"POST", "/v1/open", "{}", admin(), 200, "", ""})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	h, _ := tr.want(testCase{"GET", "/v1/read", "", admin("X-API-Key", "read", "X-Request-Id", "my-Id_1"), 200, "", ""})
	for name, want := range map[string]string{"X-Request-Id": "my-Id_1", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"RateLimit-Limit": "1000", "RateLimit-Remaining": "999", "RateLimit-Reset": "60", "Content-Type": "application/json"} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, wanted %q", name, h.Get(name), want)
		}
	}
	if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Content-Security-Policy") == "" {
		t.Errorf("headers: %v", h)
	}
	for _, bad := range []string{"a b", "ü", strings.Repeat("x", 129), "a;b"} {
		h, _ := tr.want(testCase{"GET", "/v1/read", "", admin("X-API-Key", "read", "X-Request-Id", bad), 200, "", ""})
		if id := h.Get("X-Request-Id"); id == bad || !strings.HasPrefix(id, "req_") {
			t.Errorf("%q was answered with %q", bad, id)
		}
	}
	h, _ = tr.want(testCase{"GET", "/v1/read", "", admin("X-API-Key", "fast"), 429, "", ""})
	if h.Get("Retry-After") != "2" || h.Get("RateLimit-Limit") != "1000" {
		t.Errorf("429: %v", h)
	}
	h, _ = tr.want(testCase{"DELETE", "/v1/read", "", nil, 405, "", ""})
	if allow := h.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "HEAD") {
		t.Errorf("Allow: %q", allow)
	}
	h, body := tr.want(testCase{"HEAD", "/v1/read", "", admin("X-API-Key", "read"), 200, "", ""})
	if len(body) != 0 || h.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: %v %s", h, body)
	}
	if h, _ := tr.want(testCase{"OPTIONS", "/v1/read", "", nil, 204, "", ""}); h.Get("Allow") == "" {
		t.Error("OPTIONS without Allow")
	}
	if h, _ := tr.want(testCase{"GET", "/v1/read", "", nil, 401, "", ""}); h.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}

func TestDeprecation(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	h, _ := tr.want(testCase{"GET", "/v1/old", "", nil, 200, "", ""})
	if h.Get("Deprecation") != "@1767225600" || h.Get("Sunset") != "Fri, 01 Jan 2027 00:00:00 GMT" || !strings.Contains(h.Get("Link"), `rel="deprecation"`) {
		t.Errorf("headers: %v", h)
	}
	if h, _ := tr.want(testCase{"GET", "/v1/read", "", admin("X-API-Key", "read"), 200, "", ""}); h.Get("Sunset") != "" {
		t.Error("an operation that stays announces a sunset")
	}
	_, doc := tr.want(testCase{"GET", "/v3/api-docs", "", nil, 200, "", ""})
	var spec struct {
		Paths map[string]map[string]struct{ Deprecated bool }
	}
	if err := json.Unmarshal(doc, &spec); err != nil || !spec.Paths["/v1/old"]["get"].Deprecated || spec.Paths["/v1/read"]["get"].Deprecated {
		t.Errorf("%v: not marked in the document", err)
	}
	short := Deprecation{Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Sunset: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	if short.valid() {
		t.Error("eleven months are taken for twelve")
	}
}

func TestDocumentsAreServedFromHere(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	for _, path := range []string{"/v3/api-docs", "/v3/api-docs?version=3.0", "/swagger-ui.html", "/swagger-ui/swagger-ui.css", "/swagger-ui/start.js", "/swagger-ui/swagger-ui-bundle.js", "/problems/not_found"} {
		h, body := tr.want(testCase{"GET", path, "", nil, 200, "", ""})
		if len(body) == 0 {
			t.Errorf("%s is empty", path)
		}
		if strings.HasSuffix(path, ".html") && (bytes.Contains(body, []byte("://")) || !strings.Contains(h.Get("Content-Security-Policy"), "script-src 'self'")) {
			t.Errorf("Swagger UI names other hosts: %s", body)
		}
	}
}

// dial opens a raw connection, for requests that a client would not send.
func dial(t *testing.T, url string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestRepeatedHeaderIsRefused(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	c := dial(t, tr.URL)
	_, err := io.WriteString(c, "POST /v1/optional HTTP/1.1\r\nHost: x\r\nX-API-Key: admin\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 422")) {
		t.Errorf("%v %s", err, answer)
	}
}
