package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// storedLevel is the lowest level of the tree that is kept in audit_hashes.
// What is below is computed from at most 2^storedLevel leaves.
const storedLevel = 8

// hashes reads a log's tree for package tlog.
type hashes struct {
	ctx    context.Context
	q      *db.Queries
	tenant ident.Tenant
}

// ReadHashes gives the hashes with these numbers.
func (h hashes) ReadHashes(numbers []int64) ([]tlog.Hash, error) {
	kept, err := h.kept(numbers)
	if err != nil {
		return nil, err
	}
	subtrees := map[int64][]tlog.Hash{}
	out := make([]tlog.Hash, len(numbers))
	for i, number := range numbers {
		level, index := tlog.SplitStoredHashIndex(number)
		var ok bool
		if level >= storedLevel {
			out[i], ok = kept[number]
		} else if out[i], ok, err = h.computed(subtrees, level, index); err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%w: hash %d is missing", errBroken, number)
		}
	}
	return out, nil
}

// kept reads those that are stored.
func (h hashes) kept(numbers []int64) (map[int64]tlog.Hash, error) {
	var stored []int64
	for _, number := range numbers {
		if level, _ := tlog.SplitStoredHashIndex(number); level >= storedLevel {
			stored = append(stored, number)
		}
	}
	if len(stored) == 0 {
		return nil, nil
	}
	rows, err := h.q.AuditHashesByNumber(h.ctx, h.tenant.Company, h.tenant.Live, stored)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]tlog.Hash, len(rows))
	for _, r := range rows {
		if out[r.Number], err = toHash(r.Hash); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// computed makes one from the leaves below the lowest stored hash over it, which
// are read once.
func (h hashes) computed(subtrees map[int64][]tlog.Hash, level int, index int64) (tlog.Hash, bool, error) {
	first, past := index<<level, (index+1)<<level
	begin := first >> storedLevel << storedLevel
	leaves, known := subtrees[begin]
	if !known {
		blocks, err := readBlocks(h.ctx, h.q, h.tenant, begin, begin+1<<storedLevel)
		if err != nil {
			return tlog.Hash{}, false, err
		}
		leaves = leavesFrom(begin, blocks)
		subtrees[begin] = leaves
	}
	if past-begin > int64(len(leaves)) {
		return tlog.Hash{}, false, nil
	}
	var subtree proof.Tree
	for _, leaf := range leaves[first-begin : past-begin] {
		subtree.Add(leaf)
	}
	return subtree.Root(), true, nil
}

// tree restores a log's tree of this size, ready to grow.
func (h hashes) tree(size int64) (*proof.Tree, error) {
	edge, err := h.ReadHashes(proof.EdgeNumbers(size))
	if err != nil {
		return nil, err
	}
	return proof.Restore(size, edge)
}
