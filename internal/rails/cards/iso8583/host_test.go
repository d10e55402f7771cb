package iso8583

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	iso "github.com/moov-io/iso8583"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards"
	"github.com/getpurser/purser/internal/spend"
)

const testPAN = "9999990000000013"

// deck stands for the card service where that has to be slow or to fail: it
// approves everything up to 100.00 and notes what it is told.
type deck struct {
	mu    sync.Mutex
	wait  chan struct{} // Authorize waits for it, unless it is nil
	err   error
	told  []string
	known map[string]uuid.UUID
}

func (d *deck) note(what, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, what+" "+id)
}

func (d *deck) log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.told, "\n")
}

func (d *deck) FindByPAN(_ context.Context, pan string) (ident.Tenant, uuid.UUID, error) {
	if pan != testPAN {
		return ident.Tenant{}, uuid.Nil, fault.Missing("card")
	}
	return ident.Tenant{Company: uuid.Max}, uuid.Max, nil
}

func (d *deck) Authorize(ctx context.Context, _ ident.Tenant, _ uuid.UUID, s cards.Swipe) (cards.Verdict, error) {
	if d.wait != nil {
		select {
		case <-d.wait:
		case <-ctx.Done():
			return cards.Verdict{}, ctx.Err()
		}
	}
	if d.err != nil {
		return cards.Verdict{}, d.err
	}
	d.note("authorize", s.NetworkID)
	if s.Amount.Minor > 10_000 {
		return cards.Verdict{Code: "limit_exceeded", NetworkCode: "61"}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id, again := d.known[s.NetworkID]
	if !again {
		id = ident.New()
		if d.known == nil {
			d.known = map[string]uuid.UUID{}
		}
		d.known[s.NetworkID] = id
	}
	return cards.Verdict{Approved: true, Code: "ok", NetworkCode: "00", Again: again,
		Authorization: &spend.Authorization{ID: id, Status: spend.Pending}}, nil
}

func (d *deck) Find(_ context.Context, _ ident.Tenant, _ uuid.UUID, id string) (cards.Transaction, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.known[id]
	if !ok {
		return cards.Transaction{}, fault.Missing("transaction")
	}
	return cards.Transaction{Type: cards.Authorized, Authorization: found}, nil
}

func (d *deck) posted(what string, p cards.NetworkPosting) (cards.Transaction, error) {
	if p.Keep != 0 {
		what = fmt.Sprintf("%s to %d", what, p.Keep)
	}
	d.note(what, p.NetworkID)
	return cards.Transaction{}, nil
}

func (d *deck) Capture(_ context.Context, _ ident.Tenant, _ uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error) {
	return d.posted("capture", p)
}

func (d *deck) Reverse(_ context.Context, _ ident.Tenant, _ uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error) {
	return d.posted("reverse", p)
}

func (d *deck) Refund(_ context.Context, _ ident.Tenant, _ uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error) {
	return d.posted("refund", p)
}

func (d *deck) ForcePost(_ context.Context, _ ident.Tenant, _ uuid.UUID, s cards.Swipe) (cards.Transaction, error) {
	d.note("force", s.NetworkID)
	return cards.Transaction{}, nil
}

// peer is a connection to a host that runs for the length of a test.
type peer struct {
	net.Conn
	t    *testing.T
	stop context.CancelFunc
	done chan struct{}
	logs *syncBuffer
}

type syncBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) text() string {
	b.Lock()
	defer b.Unlock()
	return b.String()
}

func dial(t *testing.T, c Config) *peer {
	t.Helper()
	p := &peer{t: t, done: make(chan struct{}), logs: &syncBuffer{}}
	c.Log = slog.New(slog.NewTextHandler(p.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, p.stop = context.WithCancel(t.Context())
	go func() {
		defer close(p.done)
		if err := New(c).Serve(ctx, l); err != nil {
			t.Error(err)
		}
	}()
	p.Conn = another(t, l.Addr())
	t.Cleanup(func() {
		p.stop()
		<-p.done
		if logs := p.logs.text(); strings.Contains(logs, testPAN) || strings.Contains(logs, "Q7X") {
			t.Errorf("a card's number or CVV is in the log: %s", logs)
		}
	})
	return p
}

func another(t *testing.T, addr net.Addr) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// sale is a purchase of 40.00 usd; fields replaces, or with "" removes, some of
// it.
func sale(t testing.TB, mti string, fields map[int]string) []byte {
	t.Helper()
	m := iso.NewMessage(dialect())
	m.MTI(mti)
	all := map[int]string{2: testPAN, 3: "000000", 4: "000000004000", 7: "1122101530", 11: "000001", 14: "2911", 18: "7372",
		32: "12345", 37: "523410000001", 41: "TERM0001", 43: "AWS                      SEATTLE      US", 48: "9203Q7X", 49: "840"}
	for number, value := range fields {
		all[number] = value
	}
	for number, value := range all {
		if value == "" {
			continue
		}
		if err := m.Field(number, value); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (p *peer) send(raw []byte) {
	p.t.Helper()
	if _, err := p.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(raw))), raw...)); err != nil {
		p.t.Fatal(err)
	}
}

// hear reads an answer: its type, its code and the reason.
func (p *peer) hear() string {
	p.t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	raw, err := readFrame(p.Conn, 4096, 20*time.Second, 20*time.Second)
	if err != nil {
		p.t.Fatal("no answer: ", err)
	}
	m := iso.NewMessage(dialect())
	if err := m.Unpack(raw); err != nil {
		p.t.Fatal(err)
	}
	if strings.Contains(string(raw), testPAN) {
		p.t.Error("the answer repeats the card's number")
	}
	mti, _ := m.GetMTI()
	code, _ := m.GetString(fieldCode)
	why, _ := m.GetString(fieldAdditional)
	return strings.TrimSpace(mti + " " + code + " " + why)
}

func (p *peer) ask(raw []byte) string {
	p.t.Helper()
	p.send(raw)
	return p.hear()
}

// gone says whether the host has hung up.
func gone(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); err != io.EOF && !strings.Contains(errText(err), "reset") {
		t.Fatalf("the connection is still there: %d bytes, %v", n, err)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// original is field 90 for the message that sale makes.
func original(mti string) string {
	return mti + "000001" + "1122101530" + "00000012345" + "00000000000"
}
