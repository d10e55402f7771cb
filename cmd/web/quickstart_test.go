package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// caller is a program that uses the API.
type caller struct {
	t    testing.TB
	base string
	// header is the credential: a name and a value.
	header [2]string
	client *http.Client
}

// answered is what the API said.
type answered struct {
	status int
	header http.Header
	body   []byte
}

func (a answered) field(t testing.TB, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(a.body, &all); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	value, _ := all[name].(string)
	return value
}

// try sends one request; it fails when there is no answer.
func (c caller) try(method, path, body string, more ...string) (answered, error) {
	r, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		return answered{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.header[0] != "" {
		r.Header.Set(c.header[0], c.header[1])
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	response, err := c.client.Do(r)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return answered{response.StatusCode, response.Header, read}, err
}

// must sends a request that has to succeed. A decision that a busy machine does not
// know in time is asked for again under its key, as agents do.
func (c caller) must(method, path, body string) answered {
	c.t.Helper()
	var more []string
	if strings.HasPrefix(path, "/v1/authorize") && method == http.MethodPost {
		more = []string{"Idempotency-Key", rand.Text()}
	}
	a, err := c.try(method, path, body, more...)
	for range 10 {
		if err != nil || more == nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			break
		}
		time.Sleep(time.Second)
		a, err = c.try(method, path, body, more...)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	if a.status >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a
}

var linkToken = regexp.MustCompile(`token=([A-Za-z0-9_.-]+)`)

// signUp makes a person with a company and gives its session.
func signUp(t testing.TB, base string) caller {
	t.Helper()
	c := caller{t: t, base: base, client: &http.Client{Timeout: 30 * time.Second}}
	c.must("POST", "/v1/auth/magic-link", `{"email":"owner@example.com"}`)
	mail := c.must("GET", "/dev/mail.json", "")
	link := linkToken.FindSubmatch(mail.body)
	if link == nil {
		t.Fatalf("no link in %s", mail.body)
	}
	session := c.must("POST", "/v1/auth/verify", fmt.Sprintf(`{"token":%q}`, link[1])).field(t, "token")
	c.header = [2]string{"Authorization", "Bearer " + session}
	c.must("POST", "/v1/companies", `{"name":"Acme","currency":"usd"}`)
	return c
}

// key makes an API key of the session's company.
func (c caller) key(scopes string) caller {
	c.t.Helper()
	made := c.must("POST", "/v1/api-keys", `{"name":"k","mode":"live","scopes":[`+scopes+`],"rate_limit":{"per_minute":1000000,"in_flight":10000}}`)
	c.header = [2]string{"X-API-Key", made.field(c.t, "key")}
	return c
}

// TestQuickstart runs the README's commands, word for word, and verifies the
// token with a library that knows nothing of Purser.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			r := start(t, "SIGNING_ALG="+algorithm)
			verify(t, r.url, quickstart(t, r.url))
		})
	}
}

// verify reads the quickstart's token with the published keys alone.
func verify(t *testing.T, base, token string) {
	t.Helper()
	set, err := jwk.Fetch(t.Context(), base+"/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	decision, err := jwt.Parse([]byte(token), jwt.WithKeySet(set), jwt.WithIssuer(base+"/test"),
		jwt.WithAudience(base+"/test"), jwt.WithRequiredClaim("exp"))
	if err != nil {
		t.Fatalf("%s: %v", token, err)
	}
	for claim, want := range map[string]any{"amount": "249.99", "currency": "usd", "decision": "APPROVED",
		"merchant": "AWS", "livemode": false, "rail": "api"} {
		var got any
		if err := decision.Get(claim, &got); err != nil || got != want {
			t.Errorf("%s is %v, want %v (%v)", claim, got, want, err)
		}
	}
	message, err := jws.Parse([]byte(token))
	if err != nil {
		t.Fatal(err)
	}
	if typ, _ := message.Signatures()[0].ProtectedHeaders().Type(); typ != "spend-auth+jwt" {
		t.Errorf("typ is %s", typ)
	}
}

// quickstart gives the last line that the README's quickstart prints.
func quickstart(t *testing.T, base string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## Quickstart")
	_, section, _ = strings.Cut(section, "```sh\n")
	script, _, found := strings.Cut(section, "```")
	if lines := strings.Count(script, "\n"); !found || lines != 10 {
		t.Fatalf("the quickstart has %d lines", lines)
	}
	if !strings.Contains(script, "P=http://localhost:8080;") {
		t.Fatal("the quickstart does not name its server")
	}
	script = strings.Replace(script, "http://localhost:8080", base, 1)
	var output bytes.Buffer
	command := exec.CommandContext(t.Context(), "bash", "-c", script)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	lines := strings.Split(strings.TrimSpace(output.String()), "\n")
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "eyJ") {
		t.Fatalf("no token at the end of\n%s", output.String())
	}
	return last
}
