package main

import (
	"bufio"
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
)

// delivered is a mail as a server has it.
type delivered struct {
	to, subject, text, html, id string
	at                          time.Time
}

// mailServer is a server of RFC 5321 that can be away.
type mailServer struct {
	t       *testing.T
	address string
	mu      sync.Mutex
	socket  net.Listener
	mails   []delivered
}

// newMailServer opens one on a port of its own.
func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	s := &mailServer{t: t, address: "127.0.0.1:" + freePort(t)}
	s.open()
	t.Cleanup(s.close)
	return s
}

// url is what SMTP_URL says.
func (s *mailServer) url() string { return "smtp://" + s.address }

func (s *mailServer) open() {
	s.t.Helper()
	socket, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	s.socket = socket
	s.mu.Unlock()
	go func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			go s.converse(conn)
		}
	}()
}

// close is a server that is down.
func (s *mailServer) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.socket.Close() // it may be closed already
}

func (s *mailServer) converse(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) } // the client may be gone
	say("220 ready")
	to := ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(verb) {
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
			say("250 ok")
		case "DATA":
			say("354 go on")
			if s.take(in, to) {
				say("250 taken")
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// take reads a mail up to its dot.
func (s *mailServer) take(in *bufio.Reader, to string) bool {
	var raw strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
	d := delivered{to: to, at: time.Now()}
	if err := d.read(raw.String()); err != nil {
		s.t.Errorf("a mail cannot be read: %v\n%s", err, raw.String())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, d)
	return true
}

func (d *delivered) read(raw string) error {
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return err
	}
	if d.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	d.id = m.Header.Get("Message-Id")
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, into := range []*string{&d.text, &d.html} {
		p, err := parts.NextRawPart()
		if err != nil {
			return err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			return err
		}
		*into = string(body)
	}
	return nil
}

// all are the mails to an address, oldest first, whose subject has a part.
func (s *mailServer) all(to, part string) (out []delivered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.mails {
		if d.to == to && strings.Contains(d.subject, part) {
			out = append(out, d)
		}
	}
	return out
}

// await is the newest such mail, which has to come in that time.
func (s *mailServer) await(to, part string, within time.Duration) delivered {
	s.t.Helper()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if found := s.all(to, part); len(found) > 0 {
			return found[len(found)-1]
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.mails {
		s.t.Logf("to %s: %s", d.to, d.subject)
	}
	s.t.Fatalf("no mail to %s with %q within %s", to, part, within)
	return delivered{}
}
