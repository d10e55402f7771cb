package web

import (
	"fmt"
	"net/http"
	"testing"
)

// TestALaterPageStaysThatPage: a list that is brought up to date asks for the
// page that is shown, and a last page that is full has none behind it.
func TestALaterPageStaysThatPage(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for i := range listedBudgets {
		f.liveAdmin.agent(fmt.Sprintf("agent-%02d", i))
	}
	f.liveAdmin.policy("Monthly", `[{"type": "limit", "period": "month", "amount": 1000, "currency": "usd"}]`)
	asks := func(path, part string) string {
		t.Helper()
		return attribute(f.viewer.get(path).want(http.StatusOK).find(part), "hx-get")
	}
	if full := f.viewer.get("/budgets?page=2"); len(full.all("#budgets li")) != listedBudgets || full.has("a[rel=next]") {
		t.Errorf("behind the last page: %s", brief(full))
	}
	f.liveAdmin.agent("one-more")
	for path, part := range map[string]string{"/budgets": "#budgets", "/budgets?page=2": "#budgets", "/budgets?currency=usd&page=2": "#budgets"} {
		if got := asks(path, part); got != path {
			t.Errorf("%s asks for %s", path, got)
		}
	}
	older := attribute(f.viewer.get("/agents").find("a[rel=next]"), "href")
	if got := asks(older, "#agents"); got != older {
		t.Errorf("%s asks for %s", older, got)
	}
	if got := asks("/agents", "#agents"); got != "/agents" {
		t.Errorf("/agents asks for %s", got)
	}
}
