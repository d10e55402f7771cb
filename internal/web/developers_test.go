package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	if a := f.owner.open("/developers").want(http.StatusOK); a.has("main form") || !a.has("main a[href='/welcome']") {
		t.Errorf("without an agent: %s", brief(a))
	}
	f.testAdmin.agent("runner")
	page := f.owner.open("/developers")
	if !strings.Contains(page.text("#example-curl"), keyPlace) {
		t.Error("the example shows no place for a key")
	}
	filled := page.submit("form[action$='/developers/key']").want(http.StatusOK)
	key := filled.text("#secret")
	for _, id := range []string{"curl", "node", "python", "go", "confirm", "cli", "mcp", "mcp-stdio"} {
		if got := filled.text("#example-" + id); !strings.Contains(got, key) || slices.Contains([]string{"curl", "node", "python", "go"}, id) && !strings.Contains(got, "runner") {
			t.Errorf("%s is not filled in: %s", id, got)
		}
	}
	for _, id := range []string{"mcp", "mcp-stdio"} {
		if text := filled.text("#example-" + id); !json.Valid([]byte(text)) || !strings.Contains(text, "http://"+worldHost) {
			t.Errorf("%s is no settings of a client: %s", id, text)
		}
	}
	used := caller{f.world, [][2]string{{"X-API-Key", key}}}.spend("runner", "5", "AWS")
	if used["livemode"] != false {
		t.Errorf("the key is of live mode: %v", used)
	}
	wrong := f.owner.post("/developers/key", "agent", "nobody").want(http.StatusUnprocessableEntity)
	if wrong.text("#field-agent-error") == "" {
		t.Errorf("%s", brief(wrong))
	}
	if a := f.viewer.open("/developers").want(http.StatusOK); a.has("main form") {
		t.Error("a viewer is offered a key")
	}
	for _, link := range []string{"/swagger-ui.html", "/v3/api-docs", "/.well-known/jwks.json"} {
		if !page.has("a[href='" + link + "']") {
			t.Errorf("nothing leads to %s", link)
		}
		f.viewer.open(link).want(http.StatusOK)
	}
}
