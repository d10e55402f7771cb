package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// loud is a terminal that a test reads while a command writes.
type loud struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *loud) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *loud) find(t *testing.T, pattern string) string {
	t.Helper()
	for range 300 {
		l.mu.Lock()
		found := regexp.MustCompile(pattern).FindStringSubmatch(l.text.String())
		l.mu.Unlock()
		if found != nil {
			return found[1]
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s never came", pattern)
	return ""
}

// browser is a person at the pages, signed in.
type browser struct {
	t      *testing.T
	server string
	http   *http.Client
}

func newBrowser(t *testing.T, server, email string) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := browser{t, server, &http.Client{Jar: jar}}
	b.post("/sign-in", url.Values{"email": {email}})
	link, err := url.Parse(mailed(t, server, email))
	if err != nil {
		t.Fatal(err)
	}
	b.post("/sign-in/verify", url.Values{"token": {link.Query().Get("token")}})
	return b
}

func (b browser) get(path string) string {
	b.t.Helper()
	r, err := b.http.Get(b.server + path)
	return b.read(r, err)
}

func (b browser) post(path string, form url.Values) string {
	b.t.Helper()
	r, err := b.http.PostForm(b.server+path, form)
	return b.read(r, err)
}

func (b browser) read(r *http.Response, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(body)
}

// TestSigningInOnAPage lets one person agree to a program, and another refuse.
func TestSigningInOnAPage(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]int{"agree": exitDone, "refuse": exitRefused} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			d, terminal := newDesk(t), &loud{}
			ended := make(chan int, 1)
			go func() {
				ended <- run(t.Context(), append(d.flags(), "auth"), world{in: strings.NewReader(""), out: terminal, problems: terminal,
					getenv: func(name string) string { return d.env[name] }})
			}()
			code := terminal.find(t, `the code ([A-Z]{4}-[A-Z]{4})`)
			b := newBrowser(t, d.env["PURSER_SERVER"], answer+"@example.com")
			page := b.get("/device?code=" + url.QueryEscape(strings.ToLower(strings.Replace(code, "-", " ", 1))))
			csrf := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)
			if csrf == nil || !strings.Contains(page, code) || !strings.Contains(page, "127.0.0.1") {
				t.Fatalf("%s", page)
			}
			b.post("/device", url.Values{"code": {code}, "answer": {answer}, "csrf": {csrf[1]}})
			if status := <-ended; status != want {
				t.Fatalf("signing in ended with %d, not %d", status, want)
			}
			if again := b.get("/device?code=" + code); !strings.Contains(again, "No program waits") {
				t.Errorf("a code works twice: %s", again)
			}
			if answer == "agree" && !strings.Contains(d.must(exitDone, "auth", "status"), "agree@example.com") {
				t.Error("somebody else was signed in")
			}
		})
	}
}
