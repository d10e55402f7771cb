package sign_test

import (
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/getpurser/purser/internal/postgres/pgtest"
	"github.com/getpurser/purser/internal/sign"
)

// TestCheckpointsVerifyAfterRotation signs a note, rotates, and opens it with
// the keys that are published then.
func TestCheckpointsVerifyAfterRotation(t *testing.T) {
	t.Parallel()
	const name, text = "purser/co_1/live", "purser/co_1/live\n3\nabc=\n"
	c := config(sign.RS256, 1)
	c.PublishAhead = 0
	keys := open(t, pgtest.New(t), c)
	signer, err := keys.CheckpointSigner(name)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := keys.CheckpointKeys(name)
	if err := keys.RotateCheckpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := keys.CheckpointKeys(name)
	if err != nil || len(after) != 2 || after[1] != before[0] {
		t.Fatalf("published %v, %v; before %v", after, err, before)
	}
	old, err := note.NewVerifier(after[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(old)); err != nil {
		t.Error(err)
	}
	others, _ := keys.CheckpointKeys("purser/co_2/live")
	other, err := note.NewVerifier(others[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(other)); err == nil {
		t.Error("a checkpoint of one log opens as another's")
	}
}
