package main

import (
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
)

// gate stands before a database and can cut everyone off.
type gate struct {
	url  string
	shut atomic.Bool
}

func newGate(t *testing.T, database string) *gate {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	u.Host = l.Addr().String()
	g := &gate{url: u.String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go g.pass(client, target)
		}
	}()
	return g
}

func (g *gate) pass(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil || g.shut.Load() {
		return
	}
	defer server.Close()
	go func() { io.Copy(client, server); client.Close() }()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil || g.shut.Load() {
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}
