package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/getpurser/purser/internal/client"
)

func open(t *testing.T, handler http.HandlerFunc, c client.Config) *client.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c.Server = server.URL
	made, err := client.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestARepeatHasOneKey is what makes it safe to repeat a POST.
func TestARepeatHasOneKey(t *testing.T) {
	t.Parallel()
	var keys, bodies []string
	c := open(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
		if len(keys) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"id":"auth_1","amount":249.90}`)
	}, client.Config{Token: "ag_test_x"})
	answer, err := c.Do(t.Context(), client.Call{Method: http.MethodPost, Path: "/v1/authorize", Body: map[string]string{"amount": "249.90"}})
	if err != nil || len(keys) != 3 || keys[0] == "" || keys[0] != keys[2] || bodies[0] != bodies[2] || bodies[0] != `{"amount":"249.90"}` {
		t.Fatalf("%v: keys %v, bodies %v", err, keys, bodies)
	}
	var read map[string]any
	if err := answer.Decode(&read); err != nil || read["amount"].(interface{ String() string }).String() != "249.90" {
		t.Errorf("the amount came out as %v, %v", read["amount"], err)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	var got http.Header
	c := open(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header }, client.Config{Token: "ey.a.b", Mode: "test", Company: "co_1"})
	if _, err := c.Do(t.Context(), client.Call{Method: http.MethodPut, Path: "/v1/policies/x", IfMatch: `"3"`, Agent: "bot", Body: 1}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Authorization": "Bearer ey.a.b", "X-Mode": "test", "X-Company-Id": "co_1",
		"If-Match": `"3"`, "X-Agent-Id": "bot", "Content-Type": "application/json", "Idempotency-Key": ""} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, got.Get(name), want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status     int
		body, want string
	}{
		"one field": {422, `{"status":422,"code":"amount_too_precise","detail":"body.amount: usd has at most two decimals.",
			"errors":[{"location":"body.amount","code":"amount_too_precise","message":"usd has at most two decimals."}]}`, "usd has at most two decimals."},
		"two fields": {422, `{"status":422,"code":"invalid","detail":"Two things are wrong.","errors":[{"location":"body.a","message":"x"},{"location":"body.b","message":"y"}]}`, "b: y"},
		"a proxy's":  {404, `<html>`, "is the address right?"},
		"a redirect": {302, ``, "is the address right?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := open(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}, client.Config{Retries: -1})
			_, err := client.Do(t.Context(), get())
			if !isProblem(err, c.status) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func get() client.Call { return client.Call{Method: http.MethodGet, Path: "/v1/company"} }

func isProblem(err error, status int) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Status == status
}

func TestAway(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	c := open(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	}, client.Config{Retries: 1})
	if _, err := c.Do(t.Context(), get()); !errors.Is(err, client.ErrAway) || calls.Load() != 2 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	for _, address := range []string{"", "purser.example", "ftp://purser.example", "http://"} {
		if _, err := client.New(client.Config{Server: address}); err == nil {
			t.Errorf("%q was taken for a server", address)
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	c := open(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "one\ntwo\n") }, client.Config{})
	var out strings.Builder
	if err := c.Stream(t.Context(), get(), &out); err != nil || out.String() != "one\ntwo\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
