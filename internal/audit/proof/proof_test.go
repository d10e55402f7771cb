package proof

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// TestTreeIsTlogs grows both trees and compares every number, hash and root.
func TestTreeIsTlogs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 600).Draw(t, "n")
		stop := rapid.Int64Range(0, n).Draw(t, "restart")
		var stored []tlog.Hash
		reader := tlog.HashReaderFunc(func(numbers []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(numbers))
			for i, number := range numbers {
				out[i] = stored[number]
			}
			return out, nil
		})
		tree := new(Tree)
		for i := range n {
			if i == stop {
				edge, _ := reader.ReadHashes(EdgeNumbers(i))
				var err error
				if tree, err = Restore(i, edge); err != nil {
					t.Fatal(err)
				}
			}
			leaf := tlog.RecordHash(fmt.Append(nil, i))
			want, err := tlog.StoredHashesForRecordHash(i, leaf, reader)
			if err != nil {
				t.Fatal(err)
			}
			for j, g := range tree.Add(leaf) {
				if g.Number() != int64(len(stored)) || g.Hash != want[j] {
					t.Fatalf("hash %d of leaf %d", j, i)
				}
				stored = append(stored, g.Hash)
			}
		}
		if root, err := tlog.TreeHash(n, reader); err != nil || tree.Root() != root || tree.Size() != n {
			t.Fatalf("root of %d: %v, %v", n, tree.Root(), err)
		}
	})
}

func anyRecord(t *rapid.T) Record {
	text := rapid.String()
	r := Record{Actor: text.Draw(t, "actor"), ID: text.Draw(t, "id"), Position: rapid.Int64Range(0, 1<<60).Draw(t, "position"),
		RequestID: text.Draw(t, "request"), Subject: text.Draw(t, "subject"), Type: text.Draw(t, "type"),
		At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC()}
	if rapid.Bool().Draw(t, "has agent") {
		agent := text.Draw(t, "agent")
		r.Agent = &agent
	}
	data, err := json.Marshal(rapid.MapOf(text, text).Draw(t, "data"))
	if err == nil {
		r.Data, err = Canonicalize(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLineIsCanonicalAndReadsBack also reformats it, as tools on the way do.
func TestLineIsCanonicalAndReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRecord(t)
		line, err := r.Line()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("a line break in %q", line)
		}
		back, err := ReadLine(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if again, _ := back.Line(); !bytes.Equal(again, line) {
			t.Fatalf("%s became %s", line, again)
		}
		pretty, err := json.MarshalIndent(json.RawMessage(line), "", "\t") // escapes <, > and & too
		if err != nil {
			t.Fatal(err)
		}
		if canonical, err := Canonicalize(pretty); err != nil || !bytes.Equal(canonical, line) {
			t.Fatalf("%s became %s, %v", line, canonical, err)
		}
	})
}

func TestLineIsAsDocumented(t *testing.T) {
	agent := "agent_1"
	r := Record{Actor: "key_1", Agent: &agent, At: time.Date(2026, 3, 1, 12, 0, 0, 5000, time.FixedZone("", 3600)),
		Data: json.RawMessage(`{"amount":"1.00","n":1.0}`), ID: "evt_1", Position: 7, RequestID: "req_1", Subject: "é\u2028\"", Type: "agent.created"}
	const want = `{"actor":"key_1","agent":"agent_1","at":"2026-03-01T11:00:00.000005Z","data":{"amount":"1.00","n":1.0},` +
		`"id":"evt_1","position":7,"request_id":"req_1","subject":"é` + "\u2028" + `\"","type":"agent.created"}`
	line, err := r.Line()
	if err != nil || string(line) != want {
		t.Fatalf("%s, %v", line, err)
	}
	// printf '%s' … | (printf '\0'; cat) | sha256sum
	leaf := Leaf(nil)
	if got := fmt.Sprintf("%x", leaf[:]); got != "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" {
		t.Fatalf("the leaf of nothing is %s", got)
	}
}

// sealed is a log of n events with its export, checkpoint and key.
type sealed struct {
	lines      []string
	hashes     []tlog.Hash
	tree       Tree
	signer     note.Signer
	key        string
	checkpoint string
}

const origin = "purser/co_1/live"

func seal(t *testing.T, n int) *sealed {
	t.Helper()
	secret, key, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s := &sealed{key: key}
	if s.signer, err = note.NewSigner(secret); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		line, err := Record{Actor: "system", ID: fmt.Sprint("evt_", i), Position: int64(i), Type: "agent.created",
			At: time.UnixMicro(int64(i)), Data: json.RawMessage(`{"n":1}`)}.Line()
		if err != nil {
			t.Fatal(err)
		}
		s.lines = append(s.lines, string(line))
		for _, g := range s.tree.Add(Leaf(line)) {
			s.hashes = append(s.hashes, g.Hash)
		}
	}
	s.checkpoint, err = Checkpoint{origin, s.tree.Size(), s.tree.Root()}.Sign(s.signer)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sealed) ReadHashes(numbers []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(numbers))
	for i, n := range numbers {
		out[i] = s.hashes[n]
	}
	return out, nil
}

func (s *sealed) check(lines []string) error {
	_, err := VerifyExport(strings.NewReader(strings.Join(lines, "\n")+"\n"), s.checkpoint, []string{s.key})
	return err
}

// TestChangedExportsFail changes each byte of a line, and the lines' order.
func TestChangedExportsFail(t *testing.T) {
	s := seal(t, 9)
	if err := s.check(s.lines); err != nil {
		t.Fatal(err)
	}
	for i := range s.lines[4] {
		for _, b := range []byte{s.lines[4][i] ^ 1, s.lines[4][i] ^ 0x20, ' ', '\n'} {
			changed := append([]string(nil), s.lines...)
			line := []byte(changed[4])
			line[i] = b
			changed[4] = string(line)
			if err := s.check(changed); err == nil && changed[4] != s.lines[4] {
				t.Errorf("byte %d as %q holds", i, b)
			}
		}
	}
	cut := func(from, to int) []string { return append(append([]string(nil), s.lines[:from]...), s.lines[to:]...) }
	for name, lines := range map[string][]string{
		"the first missing": cut(0, 1), "one missing": cut(4, 5), "the last missing": s.lines[:8], "nothing": nil,
		"one twice":     append(append(append([]string(nil), s.lines[:5]...), s.lines[4]), s.lines[5:]...),
		"an empty line": append(append(append([]string(nil), s.lines[:5]...), ""), s.lines[5:]...),
		"swapped":       append([]string{s.lines[1], s.lines[0]}, s.lines[2:]...),
		"white space":   append([]string{" " + s.lines[0]}, s.lines[1:]...),
		"more members":  append([]string{strings.Replace(s.lines[0], "{", `{"a":1,`, 1)}, s.lines[1:]...),
	} {
		if err := s.check(lines); err == nil {
			t.Errorf("%s holds", name)
		}
	}
}

func TestOtherCheckpointsFail(t *testing.T) {
	s, other := seal(t, 5), seal(t, 5)
	foreign, err := Checkpoint{"purser/co_2/live", 5, s.tree.Root()}.Sign(s.signer)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := note.Sign(&note.Note{Text: origin + "\n05\n" + s.tree.Root().String() + "\n"}, s.signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, checkpoint := range map[string]string{
		"signed by another": other.checkpoint, "unsigned": Checkpoint{origin, 5, s.tree.Root()}.Text(), "none": "",
		"another log's": foreign, "another spelling of the size": string(odd),
		"a changed size": strings.Replace(s.checkpoint, "\n5\n", "\n4\n", 1),
	} {
		if _, err := Open(checkpoint, []string{s.key}); err == nil {
			t.Errorf("%s opens", name)
		}
	}
	if _, err := Open(s.checkpoint, nil); err == nil {
		t.Error("opens without a key")
	}
}

func TestChangedProofsFail(t *testing.T) {
	s := seal(t, 11)
	path, err := tlog.ProveRecord(11, 6, s)
	if err != nil {
		t.Fatal(err)
	}
	good := Inclusion{Event: json.RawMessage(s.lines[6]), Position: 6, TreeSize: 11, Hashes: path, Checkpoint: s.checkpoint}
	if r, c, err := good.Verify([]string{s.key}); err != nil || r.ID != "evt_6" || c.Size != 11 {
		t.Fatalf("%+v, %+v, %v", r, c, err)
	}
	for name, change := range map[string]func(*Inclusion){
		"another event":    func(p *Inclusion) { p.Event = json.RawMessage(s.lines[5]) },
		"a changed event":  func(p *Inclusion) { p.Event = bytes.Replace(p.Event, []byte("system"), []byte("sYstem"), 1) },
		"no event":         func(p *Inclusion) { p.Event = nil },
		"another position": func(p *Inclusion) { p.Position = 5 },
		"another size":     func(p *Inclusion) { p.TreeSize = 10 },
		"a shorter path":   func(p *Inclusion) { p.Hashes = path[1:] },
		"a longer path":    func(p *Inclusion) { p.Hashes = append(append(tlog.RecordProof{}, path...), path[0]) },
		"a changed path":   func(p *Inclusion) { p.Hashes = append(append(tlog.RecordProof{}, path[1:]...), path[0]) },
		"no checkpoint":    func(p *Inclusion) { p.Checkpoint = "" },
	} {
		changed := good
		change(&changed)
		if _, _, err := changed.Verify([]string{s.key}); err == nil {
			t.Errorf("%s holds", name)
		}
	}
}
