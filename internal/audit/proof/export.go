package proof

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line of an export in bytes. An event's data is small.
const maxLine = 16 << 20

// Checked is the outcome of checking an export.
type Checked struct {
	Checkpoint Checkpoint
	// Sealed is the number of events that the checkpoint vouches for.
	Sealed int64
	// Newer is the number of lines after them, which it does not.
	Newer int64
}

// VerifyExport checks a whole NDJSON export against a signed checkpoint: that
// it has every event that the log had then, unchanged and in order. It reads
// a line at a time.
func VerifyExport(export io.Reader, checkpoint string, keys []string) (Checked, error) {
	c, err := Open(checkpoint, keys)
	if err != nil {
		return Checked{}, err
	}
	out := Checked{Checkpoint: c}
	var tree Tree
	lines := bufio.NewScanner(export)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if tree.Size() == c.Size {
			out.Newer++
			continue
		}
		if err := addLine(&tree, lines.Bytes()); err != nil {
			return out, err
		}
	}
	if err := lines.Err(); err != nil {
		return out, fmt.Errorf("read the export: %w", err)
	}
	out.Sealed = tree.Size()
	return out, out.compare(&tree)
}

func (c Checked) compare(tree *Tree) error {
	if tree.Size() < c.Checkpoint.Size {
		return fmt.Errorf("the export ends after %d events; the checkpoint has %d", tree.Size(), c.Checkpoint.Size)
	}
	if tree.Root() != c.Checkpoint.Root {
		return errors.New("an event has been changed, or replaced: the events do not give the checkpoint's root")
	}
	return nil
}

// addLine takes the line's own bytes, so that any change to them shows.
func addLine(tree *Tree, line []byte) error {
	r, err := ReadLine(line)
	if err != nil {
		return fmt.Errorf("line %d: %w", tree.Size()+1, err)
	}
	if r.Position != tree.Size() {
		return fmt.Errorf("line %d: position %d where %d belongs; an event is missing, out of order, or the export was filtered",
			tree.Size()+1, r.Position, tree.Size())
	}
	tree.Add(Leaf(line))
	return nil
}
