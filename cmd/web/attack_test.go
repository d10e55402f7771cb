package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/postgres/pgtest"
)

// rawAnswer is one of the answers on a connection.
type rawAnswer struct {
	status int
	header http.Header
	body   string
}

// exchange writes text to a server as it is, and reads every answer until the
// server closes the connection. A server that keeps it open without a word for
// five seconds hangs.
func exchange(t *testing.T, base, text string) []rawAnswer {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go io.WriteString(c, text) // the server may stop reading before its end
	var out []rawAnswer
	r := bufio.NewReader(c)
	for {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%.120q: the server hangs after %d answers", text, len(out))
			}
			return out
		}
		body, err := io.ReadAll(resp.Body)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.120q: the server hangs within an answer", text)
			return out
		}
		out = append(out, rawAnswer{resp.StatusCode, resp.Header, string(body)})
	}
}

// message writes a request: the lines of its head, and its body.
func message(body string, lines ...string) string {
	return strings.Join(append(lines, "Connection: close", "", body), "\r\n")
}

const validate, host, asJSON = "POST /v1/auth/validate HTTP/1.1", "Host: localhost", "Content-Type: application/json"

// smuggled is what must not be taken for a request of its own.
const smuggled = "GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

// malformed are requests that say in two ways where they end, or that break
// HTTP in other ways, with the statuses that one may get.
func malformed() map[string]struct {
	text string
	want []int
} {
	type m = struct {
		text string
		want []int
	}
	long := strings.Repeat("x", 200_000)
	return map[string]m{
		"two lengths":               {message(`{"key":"x"}`+smuggled, validate, host, asJSON, "Content-Length: 11", "Content-Length: 90"), []int{400}},
		"a list of lengths":         {message(`{"key":"x"}`, validate, host, asJSON, "Content-Length: 11, 12"), []int{400}},
		"a signed length":           {message(`{"key":"x"}`, validate, host, asJSON, "Content-Length: +11"), []int{400}},
		"a negative length":         {message(``, validate, host, asJSON, "Content-Length: -1"), []int{400}},
		"a hexadecimal length":      {message(`{"key":"x"}`, validate, host, asJSON, "Content-Length: 0xb"), []int{400}},
		"an endless length":         {message(`{"key":"x"}`, validate, host, asJSON, "Content-Length: 99999999999999999999"), []int{400}},
		"a huge length":             {message(`{"key":"x"}`, validate, host, asJSON, "Content-Length: 9999999999"), []int{413}},
		"an unknown coding":         {message("0\r\n\r\n"+smuggled, validate, host, asJSON, "Transfer-Encoding: xchunked"), []int{400, 501}},
		"chunked twice":             {message("0\r\n\r\n"+smuggled, validate, host, asJSON, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), []int{400, 501}},
		"chunked and more":          {message("0\r\n\r\n"+smuggled, validate, host, asJSON, "Transfer-Encoding: chunked, identity"), []int{400, 501}},
		"a coding after a tab":      {message("0\r\n\r\n"+smuggled, validate, host, asJSON, "Transfer-Encoding:\x0bchunked"), []int{400, 501}},
		"chunked in HTTP 1.0":       {message("0\r\n\r\n"+smuggled, "POST /v1/auth/validate HTTP/1.0", host, asJSON, "Transfer-Encoding: chunked"), []int{400, 415}},
		"a chunk of a bad size":     {message("g\r\n{}\r\n0\r\n\r\n", validate, host, asJSON, "Transfer-Encoding: chunked"), []int{400}},
		"a chunk of a huge size":    {message("1ffffffffffffffff\r\n{}", validate, host, asJSON, "Transfer-Encoding: chunked"), []int{400}},
		"a chunk without end":       {message("2;"+long+"\r\n{}\r\n0\r\n\r\n", validate, host, asJSON, "Transfer-Encoding: chunked"), []int{400}},
		"a space before the colon":  {message("", "GET /v1/company HTTP/1.1", host, "X-API-Key : x"), []int{400}},
		"a header without a colon":  {message("", "GET /v1/company HTTP/1.1", host, "X-API-Key"), []int{400}},
		"a header with NUL":         {message("", "GET /v1/company HTTP/1.1", host, "X-API-Key: a\x00b"), []int{400}},
		"a header with CR":          {message("", "GET /v1/company HTTP/1.1", host, "X-API-Key: a\rb"), []int{400}},
		"a folded header":           {message("", "GET /v1/company HTTP/1.1", host, "X-API-Key: a", " b"), []int{400, 401}},
		"a folded first header":     {message("", "GET /v1/company HTTP/1.1", " "+host), []int{400}},
		"no host":                   {message("", "GET /v1/company HTTP/1.1"), []int{400}},
		"two hosts":                 {message("", "GET /v1/company HTTP/1.1", host, "Host: evil.example"), []int{400}},
		"a host that is none":       {message("", "GET /v1/company HTTP/1.1", "Host: a b/c"), []int{400}},
		"a head of 200 KB":          {message("", "GET /v1/company HTTP/1.1", host, "X-Long: "+long), []int{431}},
		"an address of 200 KB":      {message("", "GET /v1/company?x="+long+" HTTP/1.1", host), []int{431, 414}},
		"twenty thousand headers":   {message("", "GET /v1/company HTTP/1.1", host, strings.Repeat("a: b\r\n", 20_000)+"a: b"), []int{431}},
		"nine thousand headers":     {message("", "GET /v1/company HTTP/1.1", host, strings.Repeat("a: b\r\n", 9_000)+"a: b"), []int{401}},
		"no version":                {"GET /v1/company\r\n\r\n", []int{400}},
		"version 9":                 {message("", "GET /v1/company HTTP/9.0", host), []int{400, 505}},
		"HTTP/2 without having it":  {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400, 404, 505}},
		"an upgrade to HTTP/2":      {message("", "GET /v1/company HTTP/1.1", host, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"), []int{401}},
		"an upgrade to a WebSocket": {message("", "GET /v1/company HTTP/1.1", host, "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), []int{401}},
		"TLS":                       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 64) + "\r\n\r\n", []int{400}},
		"an expectation":            {message("", "GET /v1/company HTTP/1.1", host, "Expect: the-unexpected"), []int{417, 401}},
		"the proxy's form":          {message("", "GET http://evil.example/v1/company HTTP/1.1", "Host: evil.example"), []int{401}},
		"CONNECT":                   {message("", "CONNECT evil.example:443 HTTP/1.1", "Host: evil.example:443"), []int{400, 404, 405}},
		"TRACE":                     {message("", "TRACE /v1/company HTTP/1.1", host, "X-API-Key: secret"), []int{405}},
		"a method with a space":     {message("", "GE T /v1/company HTTP/1.1", host), []int{400}},
		"a method of 8 KB":          {message("", strings.Repeat("M", 8192)+" /v1/company HTTP/1.1", host), []int{405, 400}},
		"an overridden method":      {message("", "POST /v1/company HTTP/1.1", host, "Content-Length: 0", "X-HTTP-Method-Override: GET", "X-Method-Override: GET"), []int{405}},
		"a compressed bomb":         {message(strings.Repeat("\x1f", 100), validate, host, asJSON, "Content-Length: 100", "Content-Encoding: gzip"), []int{415}},
		"nothing":                   {"\r\n\r\n\r\n", []int{400}},
		"noise":                     {strings.Repeat("\xff\xfe\x00", 50) + "\r\n\r\n", []int{400}},
	}
}

// TestBrokenHTTPIsRefused speaks HTTP as no client library would, to the whole
// server. There is one answer at most, and the rest is not taken for another
// request. What net/http refuses before any of ours has no problem as its body.
func TestBrokenHTTPIsRefused(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	r := start(t, "DATABASE_URL="+owner, "SIGNING_ALG=ES256")
	for name, m := range malformed() {
		answers := exchange(t, r.url, m.text)
		if len(answers) != 1 {
			t.Errorf("%s: %d answers: %.300v", name, len(answers), answers)
			continue
		}
		a := answers[0]
		if !slices.Contains(m.want, a.status) {
			t.Errorf("%s: %d, wanted %v: %s", name, a.status, m.want, a.body)
		}
		ours := a.header.Get("X-Request-Id") != ""
		if ours != (a.header.Get("Content-Type") == "application/problem+json") {
			t.Errorf("%s: no problem: %v %s", name, a.header, a.body)
		}
		if strings.Contains(a.body, "secret") || strings.Contains(a.body, "evil") {
			t.Errorf("%s is repeated: %s", name, a.body)
		}
	}
	// Both a length and chunks: the chunks count, as RFC 9112 wants it, and
	// the connection must not be used for more.
	both := "POST /v1/auth/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{\"key\":\"x\"}\r\n0\r\n\r\n"
	if answers := exchange(t, r.url, both+smuggled); len(answers) != 1 || answers[0].status != 200 {
		t.Errorf("a length and chunks: %d answers: %.500v", len(answers), answers)
	}
}

// TestStrangeAddressesLeadNowhere asks for files, other hosts and the API by
// other spellings of its addresses.
func TestStrangeAddressesLeadNowhere(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	r := start(t, "DATABASE_URL="+owner, "SIGNING_ALG=ES256")
	for _, path := range []string{"/v1/%2e%2e/v1/company", "//v1/company", "/v1//company", "/v1/./company", "/v1/../v1/company", "/v1/company/..", "/v1/company;x=1", "/v1/company%00",
		"/v1/company%20", "/v1/company.", "/v1/company/", "/v1\\company", "/V1/company", "/v1%2fcompany", "/v1/%63ompany/%2e", "/%2f%2fevil.example", "//evil.example", "/\\evil.example", "///evil.example/%2e%2e",
		"/.evil.example", "/swagger-ui/..%2f..%2fetc%2fpasswd", "/swagger-ui/%2e%2e/%2e%2e/etc/passwd", "/swagger-ui/....//etc/passwd", "/swagger-ui/%00", "/problems/..", "/problems/%2e%2e%2fdev%2fmail",
		"/problems/%3Cscript%3E", "/dev/mail.json/..", "/dev/../dev/mail.json%2e", "/v3/api-docs/", "/v3/api-docs%2f", "/.git/config", "/.env", "/metrics", "/debug/pprof/", "/debug/vars", "/server-status",
		"/v1/agents/%E0%80%AE", "/v1/agents/%ff", "/v1/" + strings.Repeat("a/", 3000), "/%", "/%zz", "/v1/auth/verify?token=%0d%0aSet-Cookie:a=b", "/v1/company?a=%0d%0aX:y"} {
		for _, a := range exchange(t, r.url, message("", "GET "+path+" HTTP/1.1", host)) {
			if a.status < 400 || a.status > 499 || a.header.Get("Location") != "" || a.header.Get("Set-Cookie") != "" || strings.Contains(a.body, "root:") {
				t.Errorf("%.80s: %d %v %.200s", path, a.status, a.header, a.body)
			}
			if strings.HasPrefix(path, "/v1/") && a.header.Get("X-Request-Id") != "" && a.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%.80s: no problem: %v", path, a.header)
			}
		}
	}
}

// TestEndlessBodyIsCutOff sends a body that never ends: the server answers, and
// takes no more of it than it has to.
func TestEndlessBodyIsCutOff(t *testing.T) {
	t.Parallel()
	owner, _ := pgtest.NewURLs(t)
	r := start(t, "DATABASE_URL="+owner, "SIGNING_ALG=ES256")
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "%s\r\n%s\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n", validate, host, asJSON)
	piece, sent := fmt.Sprintf("10000\r\n%s\r\n", strings.Repeat(" ", 0x10000)), 0
	for sent < 64<<20 {
		n, err := io.WriteString(c, piece)
		sent += n
		if err != nil {
			break
		}
	}
	if sent > 32<<20 { // the kernel's buffers take some
		t.Errorf("%d MB were taken", sent>>20)
	}
}

// slowServer is the server's own limits, shorter, before a handler.
func slowServer(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	short := limits{header: 300 * time.Millisecond, read: time.Second, write: time.Second, idle: time.Second, headerBytes: 4096}
	s := newServer(h, short, slog.New(slog.DiscardHandler))
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// TestSlowClientsAreCutOff has a hundred clients that drip their headers, drip
// their bodies, or never read; another one is served meanwhile, and all of them
// are gone soon.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1<<20)
	address := slowServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			io.WriteString(w, big)
		}
	}))
	gone := make(chan error, 90)
	for i := range 90 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() { gone <- drip(c, i%3) }()
	}
	began := time.Now()
	if resp, err := http.Get("http://" + address); err != nil || resp.StatusCode != 200 {
		t.Errorf("nobody else is served: %v", err)
	} else {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	for range cap(gone) {
		if err := <-gone; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the last one was there for %v", took)
	}
}

// drip is one slow client; its end is an error only if the server lets it go on.
func drip(c net.Conn, kind int) error {
	head := "POST / HTTP/1.1\r\nHost: x\r\n"
	switch kind {
	case 1:
		head += "Content-Length: 100000\r\n\r\n"
	case 2: // answers that nobody reads
		head = strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 50)
	}
	if _, err := io.WriteString(c, head); err != nil {
		return nil
	}
	for range 200 {
		time.Sleep(50 * time.Millisecond)
		if kind == 2 {
			if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				return nil
			}
			continue
		}
		if _, err := io.WriteString(c, "x"); err != nil {
			return nil
		}
	}
	return fmt.Errorf("a client of kind %d may drip for ten seconds", kind)
}
