package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
)

// sampleAnswer is what the operations below promise.
type sampleAnswer struct {
	Count int    `json:"count"`
	Kind  string `json:"kind" enum:"a,b"`
}

// planted are operations that break their promise, each in one way.
func planted(a *API) {
	a.testGates = map[string]gate{}
	plant := func(id string, answer func(huma.Context)) {
		a.testGates[id] = gate{public: true}
		handle(a, huma.Operation{OperationID: id, Method: http.MethodGet, Path: "/v1/" + id,
			Responses: map[string]*huma.Response{"200": {Description: "OK", Headers: map[string]*huma.Param{
				"X-Promised": {Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
				Content: map[string]*huma.MediaType{"application/json": {Schema: payload[sampleAnswer]{}.Schema(a.huma.OpenAPI().Components.Schemas)}}}},
		}, func(context.Context, *struct{}) (*streamed, error) { return &streamed{answer}, nil })
	}
	send := func(status int, promised, kind, body string) func(huma.Context) {
		return func(ctx huma.Context) {
			if promised != "" {
				ctx.SetHeader("X-Promised", promised)
			}
			ctx.SetHeader("Content-Type", kind)
			ctx.SetStatus(status)
			_, _ = ctx.BodyWriter().Write([]byte(body))
		}
	}
	const kind, body = "application/json", `{"count":1,"kind":"a"}`
	plant("kept", send(200, "x", kind, body))
	plant("status", send(418, "x", problemType, `{}`))
	plant("success", send(203, "x", kind, body))
	plant("failure", send(500, "x", kind, body))
	plant("missing-field", send(200, "x", kind, `{"count":1}`))
	plant("wrong-type", send(200, "x", kind, `{"count":"1","kind":"a"}`))
	plant("outside-enum", send(200, "x", kind, `{"count":1,"kind":"c"}`))
	plant("surplus", send(200, "x", kind, `{"count":1,"kind":"a","secret":1}`))
	plant("no-json", send(200, "x", kind, `{"count":1,`))
	plant("other-type", send(200, "x", "text/html", body))
	plant("no-header", send(200, "", kind, body))
	plant("broken-off", func(ctx huma.Context) {
		humaecho.Unwrap(ctx).Response().Header().Set("Content-Length", "100")
		send(200, "x", kind, body)(ctx)
	})
}

// TestPlantedAnswersAreFound shows that the requests of the document find what
// an operation answers against its own description.
func TestPlantedAnswersAreFound(t *testing.T) {
	t.Parallel()
	tr := newTester(t, nil)
	a := tr.api
	e := echo.New()
	e.Use(a.Middleware()...)
	e.HTTPErrorHandler = a.HTTPErrorHandler(nil)
	a.mount(e, planted)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	document, err := a.downgraded()
	if err != nil {
		t.Fatal(err)
	}
	x := newExplorer(t, 1, server.URL, server.Client(), document)
	x.callers = []map[string]string{{}}
	x.explore(t.Context(), 200)
	for _, c := range x.callings {
		found := false
		for key := range x.findings {
			found = found || strings.HasPrefix(key, c.op.OperationID+" ")
		}
		if found != (c.op.OperationID != "kept") {
			t.Errorf("%s: found is %v; %v", c.op.OperationID, found, x.findings)
		}
	}
	if len(x.callings) != 12 {
		t.Errorf("%d operations", len(x.callings))
	}
}
