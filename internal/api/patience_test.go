package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// TestWaitOutlivesTheServersTimeouts waits for a decision on a server whose
// timeouts are shorter than the wait.
func TestWaitOutlivesTheServersTimeouts(t *testing.T) {
	t.Parallel()
	f := newWorld(t).newFirm("a@example.com")
	f.agent("bot")
	f.policy(rule{"type": "approval_threshold", "amount": 5, "currency": "usd"})
	held := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 10))

	e := echo.New()
	e.Use(f.api.Middleware()...)
	f.api.Mount(e)
	hasty := httptest.NewUnstartedServer(e)
	hasty.Config.ReadTimeout, hasty.Config.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond
	hasty.Start()
	t.Cleanup(hasty.Close)
	req, err := http.NewRequestWithContext(t.Context(), "GET", hasty.URL+"/v1/authorize/"+held.text("id")+"?wait=2", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", f.spend.header["X-API-Key"])
	start := time.Now()
	resp, err := hasty.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if took := time.Since(start); resp.StatusCode != 200 || took < 1900*time.Millisecond {
		t.Errorf("%d after %v", resp.StatusCode, took)
	}
}

// TestWaitEndsWhenTheServerDrains lets a waiting request go at once.
func TestWaitEndsWhenTheServerDrains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draining := make(chan struct{})
	w.api.draining = draining
	f := w.newFirm("a@example.com")
	f.agent("bot")
	f.policy(rule{"type": "approval_threshold", "amount": 5, "currency": "usd"})
	held := f.spend.want(202, "", "POST", "/v1/authorize", ask("bot", 10))
	time.AfterFunc(300*time.Millisecond, func() { close(draining) })
	start := time.Now()
	a := f.spend.want(200, "", "GET", "/v1/authorize/"+held.text("id")+"?wait=30", nil)
	if a.text("status") != "held" || time.Since(start) > 10*time.Second {
		t.Errorf("%v %s", time.Since(start), a.body)
	}
}
