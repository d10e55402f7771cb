package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Inclusion says that an event is in a log, as one document that is checked
// with the log's verifier key and nothing else.
type Inclusion struct {
	Event      json.RawMessage `json:"event"`
	Position   int64           `json:"position"`
	TreeSize   int64           `json:"tree_size"`
	Hashes     []tlog.Hash     `json:"hashes"`
	Checkpoint string          `json:"checkpoint"`
}

// Consistency says that a log has only grown since it had FromSize events.
type Consistency struct {
	FromSize   int64       `json:"from_size"`
	TreeSize   int64       `json:"tree_size"`
	Hashes     []tlog.Hash `json:"hashes"`
	Checkpoint string      `json:"checkpoint"`
}

// errUnfit is a document whose parts contradict each other.
var errUnfit = errors.New("the document's size is not its checkpoint's")

// Verify checks the proof with the log's verifier keys and gives the event
// that it proves and the checkpoint that it rests on. The event may have been
// reformatted on its way.
func (p Inclusion) Verify(keys []string) (Record, Checkpoint, error) {
	c, err := Open(p.Checkpoint, keys)
	if err != nil {
		return Record{}, c, err
	}
	if c.Size != p.TreeSize {
		return Record{}, c, errUnfit
	}
	line, err := Canonicalize(p.Event)
	if err != nil {
		return Record{}, c, err
	}
	r, err := ReadLine(line)
	if err != nil {
		return Record{}, c, err
	}
	if r.Position != p.Position {
		return Record{}, c, errors.New("the event's position is not the proof's")
	}
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Position, Leaf(line)); err != nil {
		return Record{}, c, fmt.Errorf("the event is not at position %d of the log: %w", p.Position, err)
	}
	return r, c, nil
}

// Verify checks that the log of the older checkpoint, which the caller has
// kept, is the beginning of the newer one.
func (p Consistency) Verify(older string, keys []string) (from, to Checkpoint, err error) {
	if from, err = Open(older, keys); err != nil {
		return from, to, fmt.Errorf("the older %w", err)
	}
	if to, err = Open(p.Checkpoint, keys); err != nil {
		return from, to, fmt.Errorf("the newer %w", err)
	}
	if from.Origin != to.Origin {
		return from, to, errors.New("the checkpoints are of two logs")
	}
	if from.Size != p.FromSize || to.Size != p.TreeSize {
		return from, to, errUnfit
	}
	return from, to, checkGrowth(from, to, p.Hashes)
}

func checkGrowth(from, to Checkpoint, hashes []tlog.Hash) error {
	switch {
	case from.Size > to.Size:
		return fmt.Errorf("the log has shrunk from %d events to %d", from.Size, to.Size)
	case from.Size == 0:
		return nil // everything begins with nothing
	}
	if err := tlog.CheckTree(hashes, to.Size, to.Root, from.Size, from.Root); err != nil {
		return fmt.Errorf("the log of %d events is not the beginning of that of %d: %w", from.Size, to.Size, err)
	}
	return nil
}

// ReadLine reads a line of an export and refuses one that is not in the
// canonical form.
func ReadLine(line []byte) (Record, error) {
	var r Record
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return Record{}, fmt.Errorf("not an audit event: %w", err)
	}
	canonical, err := Canonicalize(line)
	if err != nil {
		return Record{}, err
	}
	again, err := r.Line()
	if err != nil {
		return Record{}, err
	}
	if !bytes.Equal(canonical, line) || !bytes.Equal(again, line) {
		return Record{}, errors.New("not in the canonical form")
	}
	return r, nil
}
