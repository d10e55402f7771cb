package proof

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// FuzzReadLine holds that an event has one line: what is read is written again
// to the letter.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte(`{"actor":"system","agent":null,"at":"2026-03-01T12:00:00.000000Z","data":{},"id":"evt_1","position":1,"request_id":"","subject":"","type":"a.b"}`))
	f.Add([]byte(`{"data":{"b":1,"a":1e400}}`))
	f.Add([]byte(`{"position":1.0}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if r, err := ReadLine(line); err == nil {
			if again, err := r.Line(); err != nil || !bytes.Equal(again, line) || bytes.ContainsAny(line, "\n\r") {
				t.Fatalf("%s became %s: %v", line, again, err)
			}
		}
		canonical, err := Canonicalize(line)
		if err != nil {
			return
		}
		if again, err := Canonicalize(canonical); err != nil || !bytes.Equal(again, canonical) || !json.Valid(canonical) {
			t.Fatalf("%s became %s, then %s: %v", line, canonical, again, err)
		}
	})
}

// FuzzInclusion holds that a proof that verifies proves an event of the log, at
// its own place.
func FuzzInclusion(f *testing.F) {
	f.Add(6, int64(6), int64(11), []byte{}, 0, "")
	f.Add(5, int64(6), int64(11), []byte{}, 0, "")
	f.Add(6, int64(-1), int64(11), []byte{1}, 3, "\n")
	f.Add(0, int64(1)<<62, int64(1<<63-1), bytes.Repeat([]byte{0}, 64), 1, "x")
	var once sync.Once
	var s *sealed
	f.Fuzz(func(t *testing.T, event int, position, size int64, noise []byte, at int, tail string) {
		once.Do(func() { s = seal(t, 11) })
		event = int(uint(event) % 11)
		path, err := tlog.ProveRecord(11, int64(event), s)
		if err != nil {
			t.Fatal(err)
		}
		p := Inclusion{Event: json.RawMessage(s.lines[event] + tail), Position: position, TreeSize: size, Checkpoint: s.checkpoint, Hashes: path}
		flat := []byte{}
		for _, h := range path {
			flat = append(flat, h[:]...)
		}
		for i, b := range noise {
			flat[(int(uint(at)%uint(len(flat)))+i)%len(flat)] ^= b
		}
		p.Hashes = nil
		for i := 0; i < len(flat); i += tlog.HashSize {
			p.Hashes = append(p.Hashes, tlog.Hash(flat[i:i+tlog.HashSize]))
		}
		r, _, err := p.Verify([]string{s.key})
		if err == nil && (position != int64(event) || size != 11 || r.Position != position) {
			t.Fatalf("event %d at %d of %d is proved: %+v", event, position, size, r)
		}
	})
}

// FuzzCheckpoint holds that only the note that was signed opens.
func FuzzCheckpoint(f *testing.F) {
	f.Add("", 0, byte(0))
	f.Add("x", 3, byte(1))
	var once sync.Once
	var s *sealed
	f.Fuzz(func(t *testing.T, insert string, at int, flip byte) {
		once.Do(func() { s = seal(t, 3) })
		b := []byte(s.checkpoint)
		at = int(uint(at) % uint(len(b)))
		b[at] ^= flip
		changed := string(b[:at]) + insert + string(b[at:])
		c, err := Open(changed, []string{s.key})
		if err == nil && (c.Size != 3 || c.Root != s.tree.Root() || c.Origin != origin) {
			t.Fatalf("%q opens as %+v", changed, c)
		}
		if _, err := Open(insert, []string{s.key, insert}); err == nil && insert != s.checkpoint {
			t.Fatalf("%q opens", insert)
		}
	})
}
