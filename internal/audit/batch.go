package audit

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// batch is what one sealing writes. The leaves behind the last tile are kept in
// runs: the last one grows, or there is one more. When they and the fresh ones
// fill a tile, it takes their place.
type batch struct {
	tree *proof.Tree
	// top is the highest id of the tiles.
	top         uuid.UUID
	tiles       []block
	tail, fresh block // what is stored in runs, and what follows it
	last        block // of the runs
	// numbers are those of the tree's hashes that are known now.
	numbers  []int64
	interior [][]byte
}

// growing is how many leaves a run has, at most, when more are added to it: a row
// of that size is written again at little cost, and a tile begins as few of them.
const growing = 32

// newBatch restores a log as it was sealed. It refuses to build on a tree that
// is not the one that was sealed.
func newBatch(from hashes, h head) (*batch, error) {
	stored, full := h.size>>storedLevel<<storedLevel, tileOf(h.size)
	tree, err := from.tree(stored)
	if err != nil {
		return nil, err
	}
	blocks, err := readBlocks(from.ctx, from.q, from.tenant, min(stored, full), math.MaxInt64)
	if err != nil {
		return nil, err
	}
	for _, leaf := range leavesFrom(stored, blocks) {
		tree.Add(leaf)
	}
	if tree.Size() != h.size || tree.Root() != h.root || h.end != h.size {
		return nil, fmt.Errorf("%w: the head is not that of the leaves", errBroken)
	}
	b := &batch{tree: tree, top: h.top, tail: block{first: full}, fresh: block{first: h.size}}
	for _, run := range blocks {
		if run.first >= full {
			b.tail.join(run)
			b.last = run
		}
	}
	return b, nil
}

// grow adds events. It refuses one that has a position.
func (b *batch) grow(ctx context.Context, q *db.Queries, t ident.Tenant, events []db.AuditEvent) error {
	if err := b.refusePlaced(ctx, q, t, events); err != nil {
		return err
	}
	for _, e := range events {
		line, err := toRecord(b.tree.Size(), e).Line()
		if err != nil {
			return err
		}
		b.add(e, line)
	}
	return nil
}

// refusePlaced looks only for events that are not higher than all before them:
// the others are surely new.
func (b *batch) refusePlaced(ctx context.Context, q *db.Queries, t ident.Tenant, events []db.AuditEvent) error {
	top := b.top
	for _, id := range b.tail.events {
		top = higher(top, id)
	}
	var late []uuid.UUID
	for _, e := range events {
		if e.EventID == lower(e.EventID, top) {
			late = append(late, e.EventID)
		}
	}
	if len(late) == 0 {
		return nil
	}
	placed, err := q.AuditAnyPlaced(ctx, late, t.Company, t.Live)
	if err == nil && placed {
		err = fmt.Errorf("%w: an event that waits has a position", errBroken)
	}
	return err
}

func (b *batch) add(e db.AuditEvent, line []byte) {
	grown := b.tree.Add(proof.Leaf(line))
	b.fresh.add(e.EventID, e.Type, grown[0].Hash)
	for _, g := range grown {
		if g.Level >= storedLevel {
			b.numbers = append(b.numbers, g.Number())
			b.interior = append(b.interior, g.Hash[:])
		}
	}
	if past := b.fresh.past(); past%tileSize == 0 {
		b.tail.join(b.fresh)
		b.tiles = append(b.tiles, b.tail)
		b.tail, b.fresh = block{first: past}, block{first: past}
		b.last = block{}
	}
}

// write stores the batch in one message, and that the given rows of events wait
// no more.
func (b *batch) write(ctx context.Context, tx pgx.Tx, t ident.Tenant, waited []uuid.UUID) error {
	var c postgres.Collector
	q := db.New(&c)
	root := b.tree.Root()
	for _, step := range []func() error{
		func() error { return b.writeTiles(ctx, q, t) },
		func() error { return b.writeRun(ctx, q, t) },
		func() error { return b.writeHashes(ctx, q, t) },
		func() error { return q.AuditDeletePending(ctx, t.Company, t.Live, waited) },
		func() error { return q.AuditMoveHead(ctx, t.Company, t.Live, b.tree.Size(), root[:]) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return tx.SendBatch(ctx, &c.Waiting).Close()
}

func (b *batch) writeTiles(ctx context.Context, q *db.Queries, t ident.Tenant) error {
	if len(b.tiles) == 0 {
		return nil
	}
	var strays index
	for _, tile := range b.tiles {
		x := tile.index(b.top)
		b.top = x.top
		strays.strays, strays.positions = append(strays.strays, x.strays...), append(strays.positions, x.positions...)
		err := q.AuditInsertTile(ctx, db.AuditInsertTileParams{CompanyID: t.Company, Live: t.Live, First: tile.first,
			Top: x.top, Low: x.low, Types: tile.types, EventIds: tile.events, LeafHashes: tile.hashes})
		if err != nil {
			return err
		}
	}
	if len(strays.strays) > 0 {
		if err := q.AuditInsertStrays(ctx, t.Company, t.Live, strays.strays, strays.positions); err != nil {
			return err
		}
	}
	return q.AuditDeleteRuns(ctx, t.Company, t.Live, b.fresh.first)
}

func (b *batch) writeRun(ctx context.Context, q *db.Queries, t ident.Tenant) error {
	if len(b.fresh.events) == 0 {
		return nil
	}
	if n := len(b.last.events); n > 0 && n < growing {
		b.last.join(b.fresh)
		return q.AuditGrowRun(ctx, db.AuditGrowRunParams{CompanyID: t.Company, Live: t.Live, First: b.last.first,
			Types: b.last.types, EventIds: b.last.events, LeafHashes: b.last.hashes})
	}
	return q.AuditInsertRun(ctx, db.AuditInsertRunParams{CompanyID: t.Company, Live: t.Live, First: b.fresh.first,
		Types: b.fresh.types, EventIds: b.fresh.events, LeafHashes: b.fresh.hashes})
}

func (b *batch) writeHashes(ctx context.Context, q *db.Queries, t ident.Tenant) error {
	if len(b.numbers) == 0 {
		return nil
	}
	return q.AuditInsertHashes(ctx, t.Company, t.Live, b.numbers, b.interior)
}
