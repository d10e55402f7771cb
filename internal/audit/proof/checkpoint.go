package proof

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the state of a log at one size, in the form of C2SP
// tlog-checkpoint: three lines, then signatures as a signed note.
type Checkpoint struct {
	// Origin names the log, such as purser/co_…/live. The key's name is the same.
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Text is the signed text.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// Sign makes the signed note.
func (c Checkpoint) Sign(signer note.Signer) (string, error) {
	signed, err := note.Sign(&note.Note{Text: c.Text()}, signer)
	return string(signed), err
}

// Open checks a checkpoint's signature against the verifier keys, at least one
// of which must have made it for exactly this log, and reads it.
func Open(signed string, keys []string) (Checkpoint, error) {
	var known []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return Checkpoint{}, fmt.Errorf("verifier key: %w", err)
		}
		known = append(known, v)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(known...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, s := range n.Sigs {
		if s.Name == c.Origin {
			return c, nil
		}
	}
	return Checkpoint{}, errors.New("checkpoint: signed by another log's key")
}

// parseCheckpoint reads the text strictly: one spelling a checkpoint.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("checkpoint: not an origin, a size and a root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, errors.New("checkpoint: the size is no number")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errors.New("checkpoint: the root is no hash")
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if c.Origin == "" || c.Text() != text {
		return Checkpoint{}, errors.New("checkpoint: not in its one spelling")
	}
	return c, nil
}
