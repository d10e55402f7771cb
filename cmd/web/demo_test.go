package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// startDemo runs `web demo` until the test ends and gives what it printed.
func startDemo(t *testing.T, environ []string) (running, string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	r := running{stop: cancel, done: make(chan error, 1)}
	go func() {
		err := command(ctx, []string{"demo"}, environ, in, io.Discard)
		in.CloseWithError(err)
		r.done <- err
	}()
	t.Cleanup(cancel)
	var printed strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		printed.WriteString(lines.Text() + "\n")
		if at, ok := strings.CutPrefix(lines.Text(), "Purser is ready at "); ok {
			r.url = at
			return r, printed.String()
		}
	}
	t.Fatalf("it did not start: %v\n%s", lines.Err(), printed.String())
	return r, ""
}

// keyIn is the first key of a mode that a text shows, or "".
func keyIn(text, prefix string) string {
	for _, word := range strings.Fields(text) {
		if strings.HasPrefix(word, prefix) {
			return word
		}
	}
	return ""
}

func reconciled(t *testing.T, environ []string) string {
	t.Helper()
	var out bytes.Buffer
	if err := command(t.Context(), []string{"reconcile"}, environ, &out, io.Discard); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[len(lines)-1]
}

// TestDemoFromNothing does what `make demo` and `make reconcile` do.
func TestDemoFromNothing(t *testing.T) {
	t.Parallel()
	environ := []string{"PORT=" + freePort(t), "METRICS_ADDR=", "DATA_DIR=" + t.TempDir()}
	r, printed := startDemo(t, environ)
	live, test := keyIn(printed, "ag_live_"), keyIn(printed, "ag_test_")
	if live == "" || test == "" || !strings.Contains(printed, "owner@demo.test") || !strings.Contains(printed, "/dev/mail") {
		t.Errorf("printed: %s", printed)
	}
	for _, key := range []string{live, test} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/authorize",
			strings.NewReader(`{"agent":"cloud-bot","amount":2.5,"currency":"usd","merchant":{"name":"Amazon Web Services","domain":"aws.amazon.com","mcc":"7372","country":"US"}}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-Key", key)
		req.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%d %s", answer.StatusCode, body)
		}
	}
	beside := reconciled(t, environ) // while it runs
	if !strings.HasPrefix(beside, "reconciled: 2 tenants, ") || !strings.HasSuffix(beside, " authorizations, 0 differences") {
		t.Error(beside)
	}
	r.stop()
	if err := <-r.done; err != nil {
		t.Fatal(err)
	}
	again, printed := startDemo(t, environ)
	if strings.Contains(printed, "ag_live_") || !strings.Contains(printed, "owner@demo.test") {
		t.Errorf("printed again: %s", printed)
	}
	again.stop()
	if err := <-again.done; err != nil {
		t.Fatal(err)
	}
	if after := reconciled(t, environ); after != beside { // with a cluster of its own
		t.Errorf("%q, and then %q", beside, after)
	}
}

func TestReconcileFindsAndFails(t *testing.T) {
	t.Parallel()
	ownerURL, _ := pgtest.NewURLs(t)
	environ := []string{"DATABASE_URL=" + ownerURL, "DATA_DIR=" + t.TempDir()}
	if got := reconciled(t, environ); got != "reconciled: 0 tenants, 0 authorizations, 0 differences" {
		t.Error(got)
	}
	plant(t, ownerURL)
	var out bytes.Buffer
	err := command(t.Context(), []string{"reconcile"}, environ, &out, io.Discard)
	if err == nil || err.Error() != "1 differences were found" || !strings.Contains(out.String(), "no event says denied") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	if err := command(t.Context(), []string{"serve"}, nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `"serve"`) {
		t.Error(err)
	}
	public := []string{"BASE_URL=https://purser.example.com", "SMTP_URL=smtp://mail.example.com:25", "PORT=" + freePort(t), "METRICS_ADDR=", "DATA_DIR=" + t.TempDir()}
	if err := command(t.Context(), []string{"demo"}, public, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "for this machine only") {
		t.Error(err)
	}
}

// plant leaves a denied authorization that no audit event tells of.
func plant(t *testing.T, ownerURL string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range []string{
		`INSERT INTO companies (company_id, name, currency, time_zone) VALUES (gen_random_uuid(), 'Acme', 'usd', 'UTC')`,
		`INSERT INTO company_modes (company_id, live) SELECT company_id, true FROM companies`,
		`INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason, currency, requested, amount,
			merchant_name, merchant_key, rail, capture, expires_in, created_at, requested_by, policies, trace)
			SELECT company_id, true, gen_random_uuid(), gen_random_uuid(), 'denied', 'DENIED', 'no_policy', '', 'usd', 1, 1,
			'AWS', 'aws', 'api', 'explicit', 900, now(), '', '[]', '[]' FROM companies`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}
