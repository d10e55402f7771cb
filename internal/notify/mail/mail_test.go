package mail_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/notify/mail"
)

const link = "https://purser.example/sign-in/verify?token=abc_DEF-123"

func TestSignInMail(t *testing.T) {
	t.Parallel()
	box := mail.NewMailbox()
	if err := mail.NewPost(box).SignInLink(t.Context(), "ada@example.com", link, 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	body, err := box.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var items []map[string]string // every value is a string
	if err := json.Unmarshal(body, &items); err != nil || len(items) != 1 {
		t.Fatalf("%s, %v", body, err)
	}
	m := items[0]
	if m["to"] != "ada@example.com" || m["subject"] == "" || !strings.Contains(m["text"], link+"\n") ||
		!strings.Contains(m["text"], "15 minutes") || !strings.Contains(m["html"], `href="`+link+`"`) || len(m) != 5 {
		t.Errorf("%v", m)
	}
	if _, err := time.Parse(time.RFC3339, m["at"]); err != nil {
		t.Error(err)
	}
}

func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	box := mail.NewMailbox()
	name := `<script>alert(1)</script> & "Sons"`
	if err := mail.NewPost(box).Invitation(t.Context(), nil, "ada@example.com", name, "approver", "https://purser.example/sign-in"); err != nil {
		t.Fatal(err)
	}
	m := box.Items()[0]
	if strings.Contains(m.HTML, "<script>") || !strings.Contains(m.HTML, "&lt;script&gt;") || !strings.Contains(m.Text, name) || !strings.Contains(m.Text, "an approver") {
		t.Errorf("%+v", m)
	}
}

func TestMailboxKeepsTheNewest(t *testing.T) {
	t.Parallel()
	box := mail.NewMailbox()
	if body, _ := box.JSON(); string(body) != "[]" {
		t.Errorf("empty is %s", body)
	}
	var all sync.WaitGroup
	for i := range 250 {
		all.Go(func() { _ = box.Send(context.Background(), mail.Message{To: fmt.Sprint(i)}) })
	}
	all.Wait()
	_ = box.Send(t.Context(), mail.Message{To: "last"})
	if items := box.Items(); len(items) != 200 || items[0].To != "last" {
		t.Errorf("%d, newest %s", len(items), items[0].To)
	}
}

// server is a local stand-in for an SMTP server: enough of RFC 5321 for one
// message after another, with PLAIN login.
type server struct {
	net.Listener
	mu       sync.Mutex
	messages []string
	logins   []string
	refuse   bool
}

func newServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *server) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 stand-in")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-stand-in\r\n250 AUTH PLAIN LOGIN")
		case "AUTH":
			s.note(func() { s.logins = append(s.logins, rest) })
			say("235 ok")
		case "RCPT":
			if s.refuse {
				say("550 no such mailbox " + rest)
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go on")
			var body strings.Builder
			for {
				part, err := in.ReadString('\n')
				if err != nil || part == ".\r\n" {
					break
				}
				body.WriteString(strings.TrimPrefix(part, "."))
			}
			s.note(func() { s.messages = append(s.messages, body.String()) })
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *server) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *server) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.messages...)
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	out, err := mail.NewSMTP("smtp://ada:se%24cret@"+s.Addr().String(), "Purser <purser@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	if err := mail.NewPost(out).SignInLink(t.Context(), "bob@example.com", link, 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	messages := s.all()
	if len(messages) != 1 || len(s.logins) != 1 {
		t.Fatalf("%d messages, logins %v", len(messages), s.logins)
	}
	m, err := netmail.ReadMessage(strings.NewReader(messages[0]))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("From") != `"Purser" <purser@example.com>` || m.Header.Get("To") != "<bob@example.com>" || m.Header.Get("Message-Id") == "" {
		t.Errorf("%v", m.Header)
	}
	parts := partsOf(t, m)
	if !strings.Contains(parts["text/plain"], link) || !strings.Contains(parts["text/html"], `href="`+link+`"`) {
		t.Errorf("%v", parts)
	}
}

func partsOf(t *testing.T, m *netmail.Message) map[string]string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = string(body)
	}
}

// TestPasswordsDoNotTravelInTheClear has a server on another machine's name
// that offers no TLS: the login must not happen.
func TestPasswordsDoNotTravelInTheClear(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, port, _ := net.SplitHostPort(s.Addr().String())
	out, err := mail.NewSMTP("smtp://ada:secret@127.1:"+port, "purser@example.com") // 127.0.0.1, but not said so
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Send(t.Context(), mail.Message{To: "bob@example.com"}); err == nil || len(s.logins) != 0 {
		t.Errorf("sent: %v, logins %v", err, s.logins)
	}
}

func TestSMTPAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "mail.example", "http://mail.example", "smtp://", "smtp://mail.example:0", "smtp://mail.example:99999", "smtp://a:hunter2@mail.example:x"} {
		if _, err := mail.NewSMTP(address, "purser@example.com"); err == nil {
			t.Errorf("%q was taken", address)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	if _, err := mail.NewSMTP("smtps://mail.example", "nobody"); err == nil {
		t.Error("a bad sender was taken")
	}
}

// TestTrouble: one word for a failure, and never the address.
func TestTrouble(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.refuse = true
	out, err := mail.NewSMTP("smtp://"+s.Addr().String(), "purser@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Send(t.Context(), mail.Message{To: "bob@example.com"}); mail.Trouble(err) != mail.Refused {
		t.Errorf("refused is %q", mail.Trouble(err))
	}
	_ = s.Close()
	if err := out.Send(t.Context(), mail.Message{To: "bob@example.com"}); mail.Trouble(err) != mail.Unreachable {
		t.Errorf("away is %q: %v", mail.Trouble(err), err)
	}
	if got := mail.Trouble(fmt.Errorf("dial: %w", context.DeadlineExceeded)); got != mail.TooSlow {
		t.Errorf("slow is %q", got)
	}
}

// TestSubjectsAreOneLine: no text of others begins a header of its own.
func TestSubjectsAreOneLine(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	out, err := mail.NewSMTP("smtp://"+s.Addr().String(), "purser@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com\n\nbody", "a\u2028Bcc: eve@example.com", strings.Repeat("é", 500)} {
		m, err := mail.Letter{Subject: name + " waits", Lines: []string{name}, Facts: []mail.Fact{{Name: "Merchant", Value: name}}}.To("bob@example.com")
		if err != nil {
			t.Fatal(err)
		}
		m.ID = "one"
		if err := out.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range s.all() {
		m, err := netmail.ReadMessage(strings.NewReader(text))
		if err != nil || m.Header.Get("Bcc") != "" || m.Header.Get("Message-Id") != "<one@example.com>" || len(m.Header["To"]) != 1 {
			t.Errorf("%v: %v", err, m.Header)
		}
	}
}
