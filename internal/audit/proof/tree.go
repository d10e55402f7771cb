package proof

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is a Merkle tree of RFC 6962 that remembers only its right edge: one
// hash for each complete subtree, largest first. It grows without reading.
type Tree struct {
	size int64
	edge []tlog.Hash
}

// Grown is a hash that became known when a leaf was added: the root of a
// complete subtree with 2^Level leaves, the Index-th of its level.
type Grown struct {
	Level int
	Index int64
	Hash  tlog.Hash
}

// Number is the hash's place in tlog's numbering.
func (g Grown) Number() int64 { return tlog.StoredHashIndex(g.Level, g.Index) }

// EdgeNumbers are the places of the edge of a tree of this size, in the order
// that Restore wants them.
func EdgeNumbers(size int64) []int64 {
	var out []int64
	var start int64
	for level := bits.Len64(uint64(size)) - 1; level >= 0; level-- {
		if size>>level&1 == 1 {
			out = append(out, tlog.StoredHashIndex(level, start>>level))
			start += 1 << level
		}
	}
	return out
}

// Restore is the tree of this size with this edge.
func Restore(size int64, edge []tlog.Hash) (*Tree, error) {
	if size < 0 || len(edge) != bits.OnesCount64(uint64(size)) {
		return nil, fmt.Errorf("an edge of %d hashes does not fit a tree of %d", len(edge), size)
	}
	return &Tree{size: size, edge: append([]tlog.Hash(nil), edge...)}, nil
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Add appends a leaf and gives the hashes that are known now, the leaf's own
// first, in the order of their numbers.
func (t *Tree) Add(leaf tlog.Hash) []Grown {
	known := Grown{Level: 0, Index: t.size, Hash: leaf}
	out := []Grown{known}
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		known = Grown{known.Level + 1, known.Index >> 1, tlog.NodeHash(t.edge[last], known.Hash)}
		t.edge = t.edge[:last]
		out = append(out, known)
	}
	t.edge = append(t.edge, known.Hash)
	t.size++
	return out
}

// Root is the tree's hash. The empty tree's is SHA-256 of nothing.
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edge[i], root)
	}
	return root
}
