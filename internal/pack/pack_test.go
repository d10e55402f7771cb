package pack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/getpurser/purser/internal/pack"
)

const trace = `{"policies":[{"policy":"pol_01m0mp53m0e00a7pfsztdkkvxt","version":1}],"trace":[` +
	`{"policy":"pol_01m0mp53m0e00a7pfsztdkkvxt","version":1,"rule":"transaction_limit","index":0,"outcome":"pass","limit":2000.00},` +
	`{"policy":"pol_01m0mp53m0e00a7pfsztdkkvxt","version":1,"rule":"limit","index":2,"outcome":"pass","limit":900.00,"used":12.34,` +
	`"remaining":877.66,"period":"month","per":"agent","window":{"from":"2026-10-31T23:00:00Z","to":"2026-11-30T23:00:00Z","time_zone":"Europe/Berlin"}}],"remedies":[]}`

func TestEveryTextComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.String().Draw(t, "text") + strings.Repeat(trace, rapid.IntRange(0, 3).Draw(t, "times")))
		back, err := pack.Unpack(pack.Pack(text))
		if err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%q came back as %q, %v", text, back, err)
		}
	})
}

func TestATraceShrinksToAThird(t *testing.T) {
	t.Parallel()
	if packed := pack.Pack([]byte(trace)); 3*len(packed) > len(trace) {
		t.Fatalf("%d bytes became %d", len(trace), len(packed))
	}
}

func TestWhatWasNotPackedIsRefused(t *testing.T) {
	t.Parallel()
	packed := pack.Pack([]byte(trace))
	for name, wrong := range map[string][]byte{"nothing": nil, "an unknown number": {9, 1, 2}, "half": packed[:len(packed)/2]} {
		if text, err := pack.Unpack(wrong); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// What is stored was packed with it.
func TestTheDictionaryNeverChanges(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("dictionary1.txt")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != "4bd609cce377ca1377f945ebc780163ea1c18a77f121ff7c93b07d7378c25cfc" {
		t.Fatalf("dictionary1.txt is %x: add a new one instead", sum)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack.Pack([]byte(trace)))
	f.Add([]byte{0})
	f.Add([]byte{1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, packed []byte) {
		if text, err := pack.Unpack(packed); err == nil && len(text) > 64<<20 {
			t.Fatal("a few bytes grew beyond all measure")
		}
	})
}

func BenchmarkPack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		pack.Pack([]byte(trace))
	}
}
