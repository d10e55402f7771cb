package audit

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// tileSize is how many leaves are one row once they are together: as many as
// fill a page of the database. Its queries know the number, too.
const tileSize = 160

// tileOf is where the tile with a position begins.
func tileOf(position int64) int64 { return position - position%tileSize }

// block is leaves with consecutive positions: a tile, or a part of one.
type block struct {
	first  int64
	events []uuid.UUID
	hashes []byte   // tlog.HashSize bytes each
	types  []string // of the events, each once, in order
}

func (b *block) add(event uuid.UUID, kind string, leaf tlog.Hash) {
	b.events, b.hashes = append(b.events, event), append(b.hashes, leaf[:]...)
	b.types = withType(b.types, kind)
}

// join puts the block that follows behind this one.
func (b *block) join(next block) {
	b.events, b.hashes = append(b.events, next.events...), append(b.hashes, next.hashes...)
	for _, kind := range next.types {
		b.types = withType(b.types, kind)
	}
}

func withType(types []string, kind string) []string {
	at, known := slices.BinarySearch(types, kind)
	if known {
		return types
	}
	return slices.Insert(types, at, kind)
}

// past is the position behind the last leaf.
func (b *block) past() int64 { return b.first + int64(len(b.events)) }

func (b *block) leaf(i int) tlog.Hash { return tlog.Hash(b.hashes[i*tlog.HashSize:][:tlog.HashSize]) }

// index is how the events of a tile are found: top is the highest id of all up
// to it, low its own lowest, and strays are those that are below the top of the
// tile before.
type index struct {
	top, low  uuid.UUID
	strays    []uuid.UUID
	positions []int64 // of the strays
}

// index makes it, given the top of the tile before.
func (b *block) index(before uuid.UUID) index {
	x := index{top: before, low: b.events[0]}
	for i, id := range b.events {
		x.top, x.low = higher(x.top, id), lower(x.low, id)
		if id == lower(id, before) {
			x.strays, x.positions = append(x.strays, id), append(x.positions, b.first+int64(i))
		}
	}
	return x
}

func higher(a, b uuid.UUID) uuid.UUID {
	if bytes.Compare(a[:], b[:]) > 0 {
		return a
	}
	return b
}

func lower(a, b uuid.UUID) uuid.UUID {
	if bytes.Compare(a[:], b[:]) < 0 {
		return a
	}
	return b
}

// readBlocks reads the tiles and runs with positions from first to before past,
// and says that the log is broken when one is missing.
func readBlocks(ctx context.Context, q *db.Queries, t ident.Tenant, first, past int64) ([]block, error) {
	rows, err := q.AuditBlocks(ctx, t.Company, t.Live, tileOf(first), past)
	out, next := make([]block, len(rows)), tileOf(first)
	for i, r := range rows {
		if out[i], err = toBlock(r); err != nil {
			return nil, err
		}
		if r.First != next {
			return nil, fmt.Errorf("%w: position %d is missing", errBroken, next)
		}
		next = out[i].past()
	}
	return out, err
}

// leavesFrom are the leaves of blocks from a position on.
func leavesFrom(first int64, blocks []block) (leaves []tlog.Hash) {
	for _, b := range blocks {
		for i := range b.events {
			if b.first+int64(i) >= first {
				leaves = append(leaves, b.leaf(i))
			}
		}
	}
	return leaves
}

func toBlock(r db.AuditBlocksRow) (block, error) {
	if len(r.LeafHashes) != len(r.EventIds)*tlog.HashSize {
		return block{}, fmt.Errorf("%w: the leaf hashes from %d on are not whole", errBroken, r.First)
	}
	return block{r.First, r.EventIds, r.LeafHashes, r.Types}, nil
}

// placed is an event with its position.
type placed struct {
	position int64
	event    uuid.UUID
}

// readIDs reads which events there are from one position to before another. What
// has none of the wanted types is left out where that is known.
func readIDs(ctx context.Context, q *db.Queries, p db.AuditIDsParams) ([]placed, error) {
	first := p.First
	p.First = tileOf(first)
	rows, err := q.AuditIDs(ctx, p)
	var out []placed
	for _, r := range rows {
		for i, id := range r.EventIds {
			if position := r.First + int64(i); position >= first && position < p.Past {
				out = append(out, placed{position, id})
			}
		}
	}
	return out, err
}

func idsOf(at []placed) []uuid.UUID {
	ids := make([]uuid.UUID, len(at))
	for i, p := range at {
		ids[i] = p.event
	}
	return ids
}
