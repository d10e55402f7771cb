package iso8583

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/getpurser/purser/internal/fault"
)

func TestConversation(t *testing.T) {
	t.Parallel()
	d := &deck{}
	p := dial(t, Config{Cards: d})
	const id = ":12345:1122101530:000001"
	for i, step := range []struct {
		name, mti string
		fields    map[int]string
		answer    string
		told      string
	}{
		{"an echo", "0800", map[int]string{2: "", 3: "", 70: "301"}, "0810 00", ""},
		{"a sale", "0100", nil, "0110 00", "authorize iso:10" + id},
		{"its repeat", "0101", nil, "0110 00", "authorize iso:10" + id},
		{"too much", "0100", map[int]string{4: "000000010001", 11: "000002"}, "0110 61 limit_exceeded", "authorize iso:10:12345:1122101530:000002"},
		{"a card of somebody else", "0100", map[int]string{2: "4242424242424242", 11: "000003"}, "0110 14", ""},
		{"a capture", "0220", map[int]string{11: "000004", 90: original("0100")}, "0230 00", "capture iso:22:12345:1122101530:000004"},
		{"a refund", "0220", map[int]string{3: "200000", 11: "000005", 90: original("0100")}, "0230 00", "refund iso:22:12345:1122101530:000005"},
		{"a refund of nothing known", "0220", map[int]string{3: "200000", 11: "000006"}, "0230 25", ""},
		{"a capture of nothing known", "0220", map[int]string{11: "000007"}, "0230 00", "force iso:22:12345:1122101530:000007"},
		{"a reversal", "0400", map[int]string{11: "000008", 90: original("0100")}, "0410 00", "reverse iso:40:12345:1122101530:000008"},
		{"a part of it", "0400", map[int]string{11: "000014", 90: original("0100"), 95: "000000001500" + strings.Repeat("0", 30)}, "0410 00", "reverse to 1500 iso:40:12345:1122101530:000014"},
		{"another part", "0400", map[int]string{11: "000015", 90: original("0100"), 95: "000000001000" + strings.Repeat("0", 30)}, "0410 00", "reverse to 1000 iso:40:12345:1122101530:000015"},
		{"a reversal without an amount", "0400", map[int]string{4: "000000000000", 11: "000016", 90: original("0100")}, "0410 00", "reverse iso:40:12345:1122101530:000016"},
		{"a reversal that keeps all", "0400", map[int]string{11: "000017", 90: original("0100"), 95: "000000004000" + strings.Repeat("0", 30)}, "0410 13", ""},
		{"a reversal again", "0421", map[int]string{11: "000008", 90: original("0100")}, "0430 00", "reverse iso:42:12345:1122101530:000008"},
		{"a reversal of nothing known", "0400", map[int]string{11: "000009", 90: original("0101")[:4] + "999999" + original("0100")[10:]}, "0410 25", ""},
		{"a reversal of nothing named", "0400", map[int]string{11: "000010"}, "0410 30", ""},
		{"a reversal that keeps more", "0400", map[int]string{11: "000011", 90: original("0100"), 95: "000000004001" + strings.Repeat("0", 30)}, "0410 13", ""},
		{"stood in", "0120", map[int]string{11: "000012", 39: "00"}, "0130 00", "force iso:12:12345:1122101530:000012"},
		{"declined elsewhere", "0120", map[int]string{11: "000013", 39: "51"}, "0130 00", ""},
		{"a type that is not spoken", "0600", nil, "0610 40", ""},
		{"money back without a sale", "0100", map[int]string{3: "200000"}, "0110 40", ""},
		{"no number", "0100", map[int]string{2: ""}, "0110 30", ""},
		{"no trace", "0100", map[int]string{11: ""}, "0110 30", ""},
		{"no acquirer", "0100", map[int]string{32: ""}, "0110 30", ""},
		{"no such month", "0100", map[int]string{14: "2913"}, "0110 30", ""},
		{"no such currency", "0100", map[int]string{49: "000"}, "0110 30", ""},
		{"no such process", "0100", map[int]string{3: "990000"}, "0110 30", ""},
		{"no merchant", "0100", map[int]string{43: strings.Repeat(" ", 40)}, "0110 30", ""},
		{"a bell for a merchant", "0100", map[int]string{43: "A\x07" + strings.Repeat(" ", 38)}, "0110 30", ""},
		{"half an element", "0100", map[int]string{48: "92037"}, "0110 30", ""},
		{"half an original", "0400", map[int]string{90: strings.Repeat("x", 42)}, "0410 30", ""},
	} {
		before := len(d.log())
		if got := p.ask(sale(t, step.mti, step.fields)); got != step.answer {
			t.Errorf("%d, %s: answered %q, not %q", i, step.name, got, step.answer)
		}
		if told := strings.TrimSpace(d.log()[before:]); told != step.told {
			t.Errorf("%d, %s: the cards were told %q, not %q", i, step.name, told, step.told)
		}
	}
	p.send(sale(t, "0110", map[int]string{39: "00"})) // an answer is not answered
	if got := p.ask(sale(t, "0800", map[int]string{70: "301"})); got != "0810 00" {
		t.Error(got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		answer string
	}{
		{errors.New("the database is away"), "0110 96"},
		{fault.New(fault.Unavailable, "unavailable", "Later."), "0110 96"},
		{fault.New(fault.Conflict, "card_canceled", "It is canceled."), "0110 12 card_canceled"},
		{fault.BadField("amount", "amount_too_small", "It is too small."), "0110 13 amount_too_small"},
		{fault.New(fault.Conflict, "refund_above_capture", "It is too much."), "0110 13 refund_above_capture"},
	} {
		p := dial(t, Config{Cards: &deck{err: c.err}, Book: 300 * time.Millisecond})
		if got := p.ask(sale(t, "0100", nil)); got != c.answer {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}

// TestLate has a decision that takes longer than the peer is let wait: it is
// told no, and what was approved is taken back. A reversal that comes meanwhile
// finds the approval.
func TestLate(t *testing.T) {
	t.Parallel()
	d := &deck{wait: make(chan struct{})}
	p := dial(t, Config{Cards: d, Decide: 50 * time.Millisecond})
	if got := p.ask(sale(t, "0100", nil)); got != "0110 91 timed_out" {
		t.Fatal(got)
	}
	p.send(sale(t, "0400", map[int]string{11: "000002", 90: original("0100")}))
	close(d.wait)
	if got := p.hear(); got != "0410 00" {
		t.Error(got)
	}
	p.stop()
	<-p.done
	want := "authorize iso:10:12345:1122101530:000001\nreverse iso:10:12345:1122101530:000001:late\nreverse iso:40:12345:1122101530:000002"
	if d.log() != want {
		t.Error(d.log())
	}
}

// TestNeverDecided has a decision that does not come at all.
func TestNeverDecided(t *testing.T) {
	t.Parallel()
	d := &deck{wait: make(chan struct{})}
	p := dial(t, Config{Cards: d, Decide: 20 * time.Millisecond, Book: 60 * time.Millisecond})
	if got := p.ask(sale(t, "0100", nil)); got != "0110 91 timed_out" {
		t.Fatal(got)
	}
	p.stop()
	<-p.done
	if d.log() != "" {
		t.Error(d.log())
	}
}

// TestGraceful stops the host while it decides: the peer still hears what.
func TestGraceful(t *testing.T) {
	t.Parallel()
	d := &deck{wait: make(chan struct{})}
	p := dial(t, Config{Cards: d})
	p.send(sale(t, "0100", nil))
	time.Sleep(50 * time.Millisecond) // the message is taken
	p.stop()
	close(d.wait)
	if got := p.hear(); got != "0110 00" {
		t.Error(got)
	}
	gone(t, p)
	// The door closes beside the conversation, and its port may be another
	// listener's for a moment.
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.RemoteAddr().String())
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Now().After(end) {
			t.Fatal("the host still listens")
		}
	}
}

func TestRudePeers(t *testing.T) {
	t.Parallel()
	good := sale(t, "0100", nil)
	framed := func(length int, b []byte) []byte {
		return append(binary.BigEndian.AppendUint16(nil, uint16(length)), b...)
	}
	for name, bytes := range map[string][]byte{
		"another protocol":         []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"longer than allowed":      framed(4097, nil),
		"noise":                    framed(16, []byte("0123456789abcdef")),
		"cut short":                framed(len(good)-3, good[:len(good)-3]),
		"something behind it":      framed(len(good)+2, append(append([]byte{}, good...), "00"...)),
		"a bitmap of ones":         framed(36, []byte("0100"+strings.Repeat("F", 32))),
		"letters for a type":       framed(20, []byte("01x07000000000000000")),
		"another version":          framed(len(good), append([]byte("1"), good[1:]...)),
		"too slow from the middle": framed(len(good), good[:10]),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &deck{}
			p := dial(t, Config{Cards: d, Slow: 200 * time.Millisecond})
			if _, err := p.Write(bytes); err != nil {
				t.Fatal(err)
			}
			gone(t, p)
			if d.log() != "" {
				t.Error(d.log())
			}
		})
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	p := dial(t, Config{Cards: &deck{}, Idle: 50 * time.Millisecond})
	gone(t, p)
}

func TestTooManyPeers(t *testing.T) {
	t.Parallel()
	p := dial(t, Config{Cards: &deck{}, Connections: 2})
	p.ask(sale(t, "0800", nil)) // it has its place
	second := &peer{Conn: another(t, p.RemoteAddr()), t: t}
	second.ask(sale(t, "0800", nil))
	gone(t, another(t, p.RemoteAddr()))
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	for range 200 { // until the place is free again
		third := &peer{Conn: another(t, p.RemoteAddr()), t: t}
		third.send(sale(t, "0800", nil))
		if _, err := readFrame(third.Conn, 4096, time.Second, time.Second); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the place of a peer that left is not given to another")
}

// TestBesideEachOther has a slow decision that keeps no other message waiting,
// and more messages than are taken at a time.
func TestBesideEachOther(t *testing.T) {
	t.Parallel()
	d := &deck{wait: make(chan struct{})}
	p := dial(t, Config{Cards: d, InFlight: 2})
	p.send(sale(t, "0100", nil))
	if got := p.ask(sale(t, "0800", nil)); got != "0810 00" {
		t.Error(got)
	}
	close(d.wait)
	if got := p.hear(); got != "0110 00" {
		t.Error(got)
	}
	for i := range 40 {
		p.send(sale(t, "0100", map[int]string{11: fmt.Sprintf("%06d", i+10)}))
	}
	for range 40 {
		if got := p.hear(); got != "0110 00" {
			t.Error(got)
		}
	}
}

// FuzzMessage reads what strangers may write. Whatever it is, it is refused or
// answered with a message that can be read again.
func FuzzMessage(f *testing.F) {
	for _, mti := range []string{"0100", "0120", "0220", "0800"} {
		f.Add(sale(f, mti, nil))
	}
	f.Add(sale(f, "0400", map[int]string{90: original("0100"), 95: "000000000100" + strings.Repeat("0", 30)}))
	f.Add([]byte("0100" + strings.Repeat("F", 32)))
	h := New(Config{Cards: &deck{}})
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := h.parse(raw)
		if err != nil {
			return
		}
		kind, asks := replyKind(m.mti)
		if !asks {
			return
		}
		if err := m.check(h.currencies); err != nil && strings.Contains(err.Error(), m.pan) && len(m.pan) > 8 {
			t.Error("an error says what was in the message")
		}
		out, err := h.pack(m, kind, coded(codeApproved))
		if err != nil {
			t.Fatalf("there is no answer to %q: %v", raw, err)
		}
		if _, err := h.parse(out); err != nil {
			t.Fatalf("the answer to %q cannot be read: %q", raw, out)
		}
	})
}
