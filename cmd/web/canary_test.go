package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/postgres/embedded"
	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// What a request can carry that nobody may ever read again. Each is wrong, so
// that everything is refused somewhere.
const (
	strayKey    = "ag_live_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ry"
	strayToken  = "eyJc4n4ryc4n4ry.eyJc4n4ryc4n4ry.c4n4ryc4n4ry"
	strayCookie = "c4n4rycookie"
	strayLink   = "C4n4ryLinkC4n4ryLinkC4n4ryLinkC4n4ryLinkC4n4"
	cardNumber  = "4242424242424242"
	// planted is no secret, and stored as it is: it has to be found.
	planted = "c4n4rypurpose"
)

// collector stands in for what traces are sent to.
func collector(t *testing.T) (url string, got *lockedBuffer) {
	t.Helper()
	got = &lockedBuffer{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(got, r.Body) }))
	t.Cleanup(s.Close)
	return s.URL, got
}

// watched is a server of which everything that it leaves behind is looked at.
type watched struct {
	t            *testing.T
	node         *pgtest.Node
	url, metrics string
	network      string // where a card network reaches it
	logs         lockedBuffer
	traces       *lockedBuffer
	stop         func() error
}

// newWatched starts one on a PostgreSQL that logs every statement with every
// parameter.
func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, node: pgtest.NewNode(t, pgtest.NodeDir(t), "a", "fsync=off", "log_statement=all", "log_min_duration_statement=0",
		"log_parameter_max_length=-1", "log_parameter_max_length_on_error=-1", "log_min_error_statement=debug5",
		"log_min_messages=info", "log_error_verbosity=verbose", "log_connections=on")}
	w.node.Start()
	w.node.CreateDatabase()
	endpoint, traces := collector(t)
	metrics := freePort(t)
	w.metrics, w.traces = "http://127.0.0.1:"+metrics+"/metrics", traces
	w.network = "127.0.0.1:" + freePort(t)
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := realMain(ctx, []string{"PORT=" + freePort(t), "METRICS_ADDR=127.0.0.1:" + metrics, "DATA_DIR=" + t.TempDir(), "LOG_LEVEL=debug",
			"SIGNING_ALG=ES256", "CARD_NETWORK_ADDR=" + w.network, "WEBHOOK_ALLOW_LOOPBACK=true", "DATABASE_URL=" + w.node.URL(embedded.Database), "OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint}, in, &w.logs)
		in.CloseWithError(err)
		done <- err
	}()
	w.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = w.stop() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err, w.logs.String())
	}
	w.url = strings.TrimSpace(line[strings.LastIndex(line, " ")+1:])
	return w
}

// abuse sends secrets wherever a request can carry them.
func (w *watched) abuse(callers ...caller) {
	w.t.Helper()
	for _, c := range callers {
		for _, where := range []string{"POST /v1/authorize", "POST /v1/auth/verify", "POST /v1/auth/validate", "POST /v1/tokens/redeem",
			"GET /v1/agents/" + strayKey, "GET /v1/budget/" + strayKey, "GET /v1/authorize/" + strayToken, "GET /v1/agents?token=" + strayLink,
			"GET /v1/agents?cursor=" + strayToken, "GET /" + strayKey, "GET /v1/audit?agent=" + strayKey, "DELETE /v1/api-keys/" + strayKey, "GET /login?token=" + strayLink} {
			method, path, _ := strings.Cut(where, " ")
			for _, body := range []string{`{"token":"` + strayToken + `"}`, `{"token":"` + strayLink + `"}`, `{"key":"` + strayKey + `"}`,
				`{"` + strayKey, `{"card_number":"` + cardNumber + `"}`, `{"agent":"` + strayKey + `","amount":1,"currency":"usd","merchant":{"name":"AWS"}}`,
				`{"agent":"bot","amount":"` + cardNumber + `","currency":"usd","merchant":{"name":"AWS","mcc":"` + cardNumber + `"}}`,
				`{"agent":"bot","amount":` + cardNumber + `,"currency":"` + cardNumber + `","merchant":` + cardNumber + `}`} {
				if method == "GET" {
					body = ""
				}
				_, err := c.try(method, path, body, "Cookie", "session="+strayCookie, "User-Agent", strayKey, "X-Agent-Id", strayKey, "If-Match", strayToken, "X-Company-Id", strayKey)
				if err != nil {
					w.t.Fatal(err)
				}
				if method == "GET" {
					break
				}
			}
		}
	}
}

// left is everything that the server has left behind, by where.
func (w *watched) left(key caller) map[string]string {
	w.t.Helper()
	page, err := http.Get(w.metrics)
	if err != nil {
		w.t.Fatal(err)
	}
	measured, err := io.ReadAll(page.Body)
	page.Body.Close()
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]string{"the metrics": string(measured)}
	for _, format := range []string{"json", "csv", "ndjson"} {
		out["the audit log as "+format] = string(key.must("GET", "/v1/audit?format="+format, "").body)
	}
	if err := w.stop(); err != nil { // which also sends the last traces
		w.t.Error(err)
	}
	out["the log"], out["the traces"] = w.logs.String(), w.traces.String()
	out["PostgreSQL's log"], out["a dump"] = w.node.Log(), string(w.node.Dump())
	return out
}

// TestNoSecretIsLeftBehind sends secrets wherever a request can carry them, most
// of them wrong, also while there is no database, and looks for them in
// everything that is written.
func TestNoSecretIsLeftBehind(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	session := signUp(t, w.url)
	key := session.key(`"admin","spend"`)
	link := linkToken.FindSubmatch(key.must("GET", "/dev/mail.json", "").body)
	once, err := session.try("POST", "/v1/api-keys", `{"name":"k","mode":"live","scopes":["settle"]}`, "Idempotency-Key", "once")
	if err != nil || link == nil {
		t.Fatal(err, link)
	}
	key.must("POST", "/v1/agents", `{"handle":"bot","name":"Bot"}`)
	key.must("POST", "/v1/policies", `{"name":"p","status":"active","rules":[{"type":"limit","period":"month","amount":100,"currency":"usd"}]}`)
	hook := key.must("POST", "/v1/webhooks", `{"url":"https://webhooks.invalid/","events":["agent.*"]}`)
	decision := key.insist(`{"agent":"bot","amount":1,"currency":"usd","merchant":{"name":"AWS"},"purpose":"`+planted+`"}`, "decision")
	settle := key
	settle.header = [2]string{"X-API-Key", once.field(t, "key")}
	settle.must("POST", "/v1/tokens/redeem", fmt.Sprintf(`{"token":%q}`, decision.field(t, "token")))

	stray, forged := key, key
	stray.header, forged.header = [2]string{"X-API-Key", strayKey}, [2]string{"Authorization", "Bearer " + strayToken}
	cards := w.spendByCard(session)
	w.abuse(key, session, settle, stray, forged)
	w.node.Signal(syscall.SIGKILL)
	w.abuse(key, session, stray, forged)
	w.node.Start()
	for deadline := time.Now().Add(30 * time.Second); status(t, w.url+"/readyz") != http.StatusOK && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	secrets := map[string]string{"a wrong API key": strayKey, "a wrong token": strayToken, "a cookie": strayCookie, "a wrong link": strayLink,
		"a card number": cardNumber, "the API key": key.header[1], "the settle key": settle.header[1],
		"the session": strings.TrimPrefix(session.header[1], "Bearer "), "the link": string(link[1]), "the decision's token": decision.field(t, "token"),
		"the secret of a webhook": hook.field(t, "secret")}
	maps.Copy(secrets, cards.secrets)
	marks := map[string]string{"the metrics": "purser_http_requests_total", "the log": "/v1/authorize", "the traces": "/v1/authorize",
		"PostgreSQL's log": "parameters: $1", "a dump": "PostgreSQL database dump complete"}
	left := w.left(key)
	maps.Copy(left, cards.told())
	for where := range cards.told() {
		marks[where] = cards.last4
	}
	for _, where := range []string{"PostgreSQL's log", "a dump"} {
		if !strings.Contains(left[where], planted) {
			t.Errorf("what was planted is not found in %s", where)
		}
	}
	for where, text := range left {
		if !strings.Contains(text, marks[where]) || text == "" {
			t.Errorf("%s holds nothing of what it should: %.300s", where, text)
		}
		for what, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s is in %s: %q", what, where, text[max(0, at-200):min(len(text), at+20)])
			}
		}
	}
}
