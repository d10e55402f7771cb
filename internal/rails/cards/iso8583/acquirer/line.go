package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"time"
)

var errNoAnswer = errors.New("no answer in time")

// line is a TCP connection that is made again when it broke. Messages have two
// bytes of length before them.
type line struct {
	addr    string
	conn    net.Conn
	answers chan message
}

func newLine(addr string) *line { return &line{addr: addr} }

// ask sends a message and waits for the answer with its trace. Answers to
// messages that were given up are passed over: those are reversed already.
func (l *line) ask(m message, timeout time.Duration) (message, error) {
	if err := l.say(m); err != nil {
		return message{}, err
	}
	bound := time.NewTimer(timeout)
	defer bound.Stop()
	for {
		select {
		case answer, open := <-l.answers:
			if !open {
				l.hangUp()
				return message{}, errNoAnswer
			}
			if answer.trace == m.trace && answer.sent == m.sent {
				return answer, nil
			}
		case <-bound.C:
			return message{}, errNoAnswer
		}
	}
}

// say sends a message on the line, which is opened for it if need be.
func (l *line) say(m message) error {
	raw, err := m.pack()
	if err != nil {
		return err
	}
	if l.conn == nil {
		if l.conn, err = net.DialTimeout("tcp", l.addr, 5*time.Second); err != nil {
			return err
		}
		l.answers = make(chan message, 64)
		go listen(l.conn, l.answers)
	}
	_, err = l.conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(raw))), raw...))
	if err != nil {
		l.hangUp()
	}
	return err
}

func (l *line) hangUp() {
	if l.conn != nil {
		_ = l.conn.Close() // whatever it says, it is over
		l.conn = nil
	}
}

func listen(from io.Reader, to chan<- message) {
	defer close(to)
	for {
		var length uint16
		if binary.Read(from, binary.BigEndian, &length) != nil {
			return
		}
		raw := make([]byte, length)
		if _, err := io.ReadFull(from, raw); err != nil {
			return
		}
		if m, err := unpack(raw); err == nil {
			to <- m
		}
	}
}
