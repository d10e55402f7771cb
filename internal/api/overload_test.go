package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// TestShedRefusesNewSpendingAlone: of a tenant that waits too long already, a
// request to spend more is refused before its body is looked at, one that ends
// what was decided is not, and other tenants do not notice.
func TestShedRefusesNewSpendingAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := ident.Tenant{Company: ident.New(), Live: true}
	e := echo.New()
	e.Use(w.api.Middleware()...)
	e.HTTPErrorHandler = w.api.HTTPErrorHandler(nil)
	config := huma.DefaultConfig("", "")
	doors := huma.NewAPI(config, humaecho.New(e, config).Adapter())
	doors.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		state := callOf(ctx.Context())
		state.api, state.operation = w.api, ctx.Operation().OperationID
		if ctx.Header("X-Full") != "" {
			state.Tenant = full
		}
		next(ctx)
	}, newEntrance(func(t ident.Tenant) bool { return t == full }).shed)
	for _, id := range []string{"authorize", "confirmAuthorization"} {
		huma.Register(doors, huma.Operation{OperationID: id, Method: http.MethodPost, Path: "/v1/" + id},
			func(context.Context, *struct{ Body struct{ Amount int } }) (*struct{}, error) { return nil, nil })
	}
	for _, c := range []struct {
		path, full, body string
		want             int
	}{
		{"/v1/authorize", "yes", "not even JSON", http.StatusServiceUnavailable},
		{"/v1/authorize", "", `{"Amount":1}`, http.StatusNoContent},
		{"/v1/confirmAuthorization", "yes", `{"Amount":1}`, http.StatusNoContent},
	} {
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body))
		r.Header.Set("X-Full", c.full)
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, r)
		refused := c.want == http.StatusServiceUnavailable
		if answer.Code != c.want || refused != (answer.Header().Get("Retry-After") == "1") || refused != strings.Contains(answer.Body.String(), `"code":"overloaded"`) {
			t.Errorf("%+v: %d %v %s", c, answer.Code, answer.Header(), answer.Body)
		}
	}
}

// TestHandlersSayWhenToRetry: a refusal that comes from behind the door has the
// same headers as one at it.
func TestHandlersSayWhenToRetry(t *testing.T) {
	t.Parallel()
	a := newWorld(t).api
	a.testGates = map[string]gate{"later": {public: true}}
	e := echo.New()
	e.Use(a.Middleware()...)
	a.mount(e, func(a *API) {
		handle(a, huma.Operation{OperationID: "later", Method: http.MethodGet, Path: "/v1/later"},
			func(context.Context, *struct{}) (*struct{}, error) {
				return nil, fault.New(fault.Unavailable, "outcome_unknown", "Not known yet.").After(1500 * time.Millisecond)
			})
	})
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/v1/later", nil))
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") != "2" {
		t.Errorf("%d %v", answer.Code, answer.Header())
	}
}

// timedEntrance has a clock of the test's own.
func timedEntrance() (*entrance, func(time.Duration)) {
	now := time.Unix(0, 0)
	e := newEntrance(func(ident.Tenant) bool { return false })
	e.now = func() time.Time { return now }
	return e, func(d time.Duration) { now = now.Add(d) }
}

// enterAll counts in as many as are let in, of n.
func enterAll(e *entrance, t ident.Tenant, n int) (in int) {
	for range n {
		if e.enter(t) {
			in++
		}
	}
	return in
}

// serve has the entrance full for a second, in which as many end as given.
func serve(e *entrance, pass func(time.Duration), t ident.Tenant, perSecond int) {
	for range perSecond {
		for e.enter(t) { // until it is full
		}
		pass(time.Second / time.Duration(perSecond))
		e.leave(t)
	}
}

func TestEntranceFollowsThePace(t *testing.T) {
	t.Parallel()
	e, pass := timedEntrance()
	who := ident.Tenant{Company: ident.New(), Live: true}
	if in := enterAll(e, who, 10_000); in != fewest {
		t.Errorf("%d were let in before the pace was known", in)
	}
	for _, step := range []struct{ perSecond, from, to int }{{12000, 1700, 1800}, {6000, 890, 950}, {300, fewest, fewest}, {12000, 1700, 1800}} {
		serve(e, pass, who, step.perSecond)
		if e.limit < step.from || e.limit > step.to {
			t.Errorf("at %d a second, %d may be under way", step.perSecond, e.limit)
		}
	}
	for e.total > 0 {
		e.leave(who)
	}
	pass(time.Minute)
	for range 100 { // few come: that says nothing of what could be done
		enterAll(e, who, 1)
		pass(50 * time.Millisecond)
		e.leave(who)
	}
	if e.limit < 1000 {
		t.Errorf("a quiet time left a limit of %d", e.limit)
	}
	if len(e.underWay) != 0 || e.total != 0 {
		t.Errorf("%d are still counted, of %d tenants", e.total, len(e.underWay))
	}
}

func TestEntranceIsSharedByTenants(t *testing.T) {
	t.Parallel()
	e, _ := timedEntrance()
	flood, other := ident.Tenant{Company: ident.New(), Live: true}, ident.Tenant{Company: ident.New(), Live: true}
	enterAll(e, flood, 1000)
	if in := enterAll(e, other, 50); in != 50 {
		t.Errorf("beside a flood, another tenant got %d of 50 in", in)
	}
	if in := enterAll(e, other, 1000); in != fewest/2-50 {
		t.Errorf("it got another %d in, more than its share", in)
	}
	if in := enterAll(e, flood, 10); in != 0 {
		t.Error("the flood got more than its share in")
	}
}

// TestTurnedAwayAtTheDoor: whoever was in before is refused before anything is
// looked at, with an answer like any other; a stranger is asked who it is.
func TestTurnedAwayAtTheDoor(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.policy(limit(100))
	f.agent("bot")
	f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 1))
	full := true
	f.api.entrance.crowded = func(ident.Tenant) bool { return full }
	refused := f.spend.want(503, "overloaded", "POST", "/v1/authorize", ask("bot", 1))
	if h := refused.header; h.Get("Retry-After") != "1" || h.Get("X-Request-Id") == "" || h.Get("Cache-Control") != "no-store" ||
		h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != problemType {
		t.Errorf("%v", h)
	}
	f.spend.want(404, "", "GET", "/v1/authorize/auth_01jd3v7m4sfx1r5k0m7z2w8y9a", nil)
	f.with("X-API-Key", "ag_test_unknown").want(401, "", "POST", "/v1/authorize", ask("bot", 1))
	full = false
	f.spend.want(200, "", "POST", "/v1/authorize", ask("bot", 1))
}

// TestMiddlewareIsCheap: echo asks for every middleware's handler anew with each
// request, so that what is made there is made as often.
func TestMiddlewareIsCheap(t *testing.T) {
	// Not in parallel: it counts what the whole process allocates.
	a := newWorld(t).api
	e := echo.New()
	e.Use(a.Middleware()...)
	e.GET("/v1/nothing", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	r, answer := httptest.NewRequest(http.MethodGet, "/v1/nothing", nil), httptest.NewRecorder()
	const most = 20
	if n := testing.AllocsPerRun(200, func() { e.ServeHTTP(answer, r) }); n > most {
		t.Errorf("%.0f allocations around a handler that does nothing, at most %d", n, most)
	}
}
