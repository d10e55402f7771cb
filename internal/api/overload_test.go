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
	}, shed(func(t ident.Tenant) bool { return t == full }))
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
