package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"time"
)

// conn is one keep-alive connection. It speaks just enough HTTP/1.1 to cost
// next to nothing beside the server: client, server and database share the
// machine's cores.
type conn struct {
	net.Conn
	read *bufio.Reader
	body []byte
}

// answer is what the server said; it is good until the next request.
type answer struct {
	status   int
	replayed bool
	// later says that there is a Retry-After.
	later bool
	body  []byte
}

func dial(address string) (*conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, read: bufio.NewReaderSize(c, 8<<10), body: make([]byte, 0, 8<<10)}, nil
}

// do sends a whole request and reads its answer.
func (c *conn) do(request []byte) (answer, error) {
	if _, err := c.Write(request); err != nil {
		return answer{}, err
	}
	line, err := c.read.ReadSlice('\n')
	if err != nil {
		return answer{}, fmt.Errorf("read the status: %w", err)
	}
	var a answer
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, fmt.Errorf("not an answer: %q", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("not a status: %q", line)
	}
	length, err := c.headers(&a)
	if err != nil {
		return a, err
	}
	a.body, err = c.payload(length)
	return a, err
}

const (
	// askedAgain bounds how often ask repeats, askPause is the wait before.
	askedAgain = 20
	askPause   = 50 * time.Millisecond
)

// ask is do as a client that honours Retry-After: what is refused for now is
// asked again, and the time that it took counts. On a machine that has other
// work too, a server may be busy for a moment.
func (c *conn) ask(request []byte) (a answer, err error) {
	for range askedAgain {
		if a, err = c.do(request); err != nil || a.status != http.StatusServiceUnavailable || !a.later {
			break
		}
		time.Sleep(askPause)
	}
	return a, err
}

// headers reads up to the empty line and gives the body's length, -1 for one
// in chunks.
func (c *conn) headers(a *answer) (length int, err error) {
	for {
		line, err := c.read.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		case bytes.EqualFold(name, []byte("Idempotent-Replayed")):
			a.replayed = true
		case bytes.EqualFold(name, []byte("Retry-After")):
			a.later = true
		case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(value, []byte("close")):
			return 0, errors.New("the server closes the connection")
		}
	}
}

func (c *conn) payload(length int) ([]byte, error) {
	if length >= 0 {
		c.body = append(c.body[:0], make([]byte, length)...)
		_, err := io.ReadFull(c.read, c.body)
		return c.body, err
	}
	buffer := bytes.NewBuffer(c.body[:0])
	if _, err := buffer.ReadFrom(httputil.NewChunkedReader(c.read)); err != nil {
		return nil, err
	}
	c.body = buffer.Bytes()
	_, err := c.read.ReadSlice('\n') // the empty line after the last chunk
	return c.body, err
}
