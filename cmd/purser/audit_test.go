package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
)

// kept is what somebody has on disk: a key, checkpoints, an export and proofs.
type kept struct {
	t                                        *testing.T
	key, older, newer, export, event, growth string
}

const origin = "purser/co_1/live"

func keep(t *testing.T) kept {
	t.Helper()
	secret, key, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	k := kept{t: t, key: key}
	var tree proof.Tree
	var stored []tlog.Hash
	var lines []string
	var signed []string
	for i := range 5 {
		line, err := proof.Record{ID: fmt.Sprint("evt_", i), Position: int64(i), Type: "agent.created", Actor: "system",
			At: time.Unix(0, 0), Data: json.RawMessage(`{}`)}.Line()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
		for _, g := range tree.Add(proof.Leaf(line)) {
			stored = append(stored, g.Hash)
		}
		c, err := proof.Checkpoint{Origin: origin, Size: tree.Size(), Root: tree.Root()}.Sign(signer)
		if err != nil {
			t.Fatal(err)
		}
		signed = append(signed, c)
	}
	reader := tlog.HashReaderFunc(func(numbers []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(numbers))
		for i, n := range numbers {
			out[i] = stored[n]
		}
		return out, nil
	})
	path, err := tlog.ProveRecord(5, 2, reader)
	if err != nil {
		t.Fatal(err)
	}
	growth, err := tlog.ProveTree(5, 3, reader)
	if err != nil {
		t.Fatal(err)
	}
	k.older, k.newer = k.file("older", signed[2]), k.file("newer", signed[4])
	k.export = k.file("export.ndjson", strings.Join(lines, "\n")+"\n")
	k.event = k.document("event.json", proof.Inclusion{Event: json.RawMessage(lines[2]), Position: 2, TreeSize: 5, Hashes: path, Checkpoint: signed[4]})
	k.growth = k.document("growth.json", proof.Consistency{FromSize: 3, TreeSize: 5, Hashes: growth, Checkpoint: signed[4]})
	return k
}

func (k kept) file(name, text string) string {
	k.t.Helper()
	path := filepath.Join(k.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
	return path
}

func (k kept) document(name string, v any) string {
	k.t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		k.t.Fatal(err)
	}
	return k.file(name, string(text))
}

// edited is a copy of a file with one text in place of another.
func (k kept) edited(path, from, to string) string {
	k.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		k.t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(from)) {
		k.t.Fatalf("no %s in %s", from, path)
	}
	return k.file("edited", strings.Replace(string(text), from, to, 1))
}

func TestOfflineChecks(t *testing.T) {
	k, other := keep(t), keep(t)
	keyFile := k.file("key", other.key+"\n"+k.key+"\n")
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"export":              {[]string{"verify", "--key", k.key, "--checkpoint", k.newer, k.export}, 0, "All 5 events of " + origin},
		"older checkpoint":    {[]string{"verify", "--key", keyFile, "--checkpoint", k.older, k.export}, 0, "2 newer lines"},
		"changed export":      {[]string{"verify", "--key", k.key, "--checkpoint", k.newer, k.edited(k.export, "evt_3", "evt_9")}, 1, "NOT hold"},
		"changed in the past": {[]string{"verify", "--key", k.key, "--checkpoint", k.older, k.edited(k.export, "evt_1", "evt_9")}, 1, "NOT hold"},
		"another key":         {[]string{"verify", "--key", other.key, "--checkpoint", k.newer, k.export}, 1, "NOT hold"},
		"no checkpoint":       {[]string{"verify", "--key", k.key, k.export}, 2, "--checkpoint"},
		"no such file":        {[]string{"verify", "--key", k.key, "--checkpoint", k.newer, k.export + "x"}, 1, "no such file"},
		"proof":               {[]string{"verify-proof", "--key", k.key, k.event}, 0, "evt_2 (agent.created) by system on 1970-01-01"},
		"changed proof":       {[]string{"verify-proof", "--key", k.key, k.edited(k.event, "system", "mem_1")}, 1, "NOT hold"},
		"proof by another":    {[]string{"verify-proof", "--key", other.key, k.event}, 1, "NOT hold"},
		"growth":              {[]string{"verify-consistency", "--key", k.key, "--checkpoint", k.older, k.growth}, 0, "from 3 events to 5"},
		"growth, two keys":    {[]string{"verify-consistency", "--key", keyFile, "--checkpoint", other.older, k.growth}, 0, "from 3 events to 5"},
		"changed growth":      {[]string{"verify-consistency", "--key", k.key, "--checkpoint", k.older, k.edited(k.growth, `"from_size": 3`, `"from_size": 2`)}, 1, "NOT only grown"},
		"help":                {[]string{"--help"}, 0, "verify-proof"},
		"nothing known":       {[]string{"verify-everything"}, 2, "purser:"},
	} {
		var out, problems bytes.Buffer
		status := run(t.Context(), append([]string{"audit"}, c.args...), world{out: &out, problems: &problems, getenv: func(string) string { return t.TempDir() }})
		if said := out.String() + problems.String(); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: status %d, said %s", name, status, said)
		}
	}
}
