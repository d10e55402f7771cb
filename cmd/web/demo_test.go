package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	c := caller{t: t, base: r.url, client: http.DefaultClient}
	for _, key := range []string{live, test} {
		c.header = [2]string{"X-API-Key", key}
		c.must("POST", "/v1/authorize", `{"agent":"cloud-bot","amount":2.5,"currency":"usd",
			"merchant":{"name":"Amazon Web Services","domain":"aws.amazon.com","mcc":"7372","country":"US"}}`)
	}
	ownerSees(t, c)
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

// ownerSees signs in with the address that was printed, and looks at the inbox.
func ownerSees(t *testing.T, c caller) {
	t.Helper()
	c.header = [2]string{}
	c.must("POST", "/v1/auth/magic-link", `{"email":"owner@demo.test"}`)
	link := linkToken.FindSubmatch(c.must("GET", "/dev/mail.json", "").body)
	if link == nil {
		t.Fatal("no link in the mailbox")
	}
	session := c.must("POST", "/v1/auth/verify", fmt.Sprintf(`{"token":%q}`, link[1])).field(t, "token")
	c.header = [2]string{"Authorization", "Bearer " + session}
	var inbox struct{ Data []struct{ ID, Digest string } }
	if err := json.Unmarshal(c.must("GET", "/v1/approvals", "").body, &inbox); err != nil || len(inbox.Data) < 7 {
		t.Errorf("%d approvals: %v", len(inbox.Data), err)
		return
	}
	newest := inbox.Data[0]
	c.must("POST", "/v1/approvals/"+newest.ID+"/approve", fmt.Sprintf(`{"shown":%q}`, newest.Digest))
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
			merchant_name, merchant_key, rail, capture, expires_in, created_at, requested_by, explanation)
			SELECT company_id, true, gen_random_uuid(), gen_random_uuid(), 'denied', 'DENIED', 'no_policy', '', 'usd', 1, 1,
			'AWS', 'aws', 'api', 'explicit', 900, now(), '', '\x00' FROM companies`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}
