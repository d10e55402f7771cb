package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Report says whether a log is what it was when it was written.
type Report struct {
	OK bool
	// Size and Root are the sealed head, Checked the events that were found
	// unchanged, Pending those that are committed but have no position yet.
	Size    int64
	Root    tlog.Hash
	Checked int64
	Pending int64
	// Problem is the first thing that is wrong, and BadPosition where, if it
	// is at one position.
	Problem     string
	BadPosition *int64
}

// verifyPage bounds what Verify holds in memory, in events: whole tiles.
const verifyPage = 6 * tileSize

// Verify recomputes every leaf from its event and the whole tree, and compares
// them with what was sealed. It holds one page in memory and no transaction.
func (l *Log) Verify(ctx context.Context, t ident.Tenant) (Report, error) {
	return l.VerifyTelling(ctx, t, func(int64, int64) {})
}

// VerifyTelling is Verify for somebody who waits: tell is called after every
// thousand events or so with how many were found unchanged, of how many.
func (l *Log) VerifyTelling(ctx context.Context, t ident.Tenant, tell func(checked, size int64)) (Report, error) {
	if err := l.sealForRead(ctx, t); err != nil {
		return Report{}, err
	}
	c := checker{ctx: ctx, q: db.New(l.pool), t: t, tree: new(proof.Tree), tell: tell}
	var err error
	if c.head, err = l.head(ctx, c.q, t); err == nil {
		err = c.all()
	}
	report := Report{OK: err == nil, Size: c.head.size, Root: c.head.root, Checked: c.tree.Size(), Pending: c.pending}
	var bad *badness
	switch {
	case errors.As(err, &bad):
		report.Problem, report.BadPosition = bad.why, bad.position
	case errors.Is(err, errBroken):
		report.Problem = err.Error()
	case err != nil:
		return Report{}, err
	}
	return report, nil
}

// badness is what Verify looks for.
type badness struct {
	position *int64
	why      string
}

func (b *badness) Error() string { return b.why }

func badAt(position int64, format string, args ...any) error {
	return &badness{&position, fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) error {
	return &badness{nil, fmt.Sprintf(format, args...)}
}

// checker walks one log.
type checker struct {
	ctx     context.Context
	q       *db.Queries
	t       ident.Tenant
	head    head
	tree    *proof.Tree
	top     uuid.UUID // of the tiles so far
	pending int64
	tell    func(checked, size int64)
}

func (c *checker) all() error {
	for c.tree.Size() < c.head.size {
		if err := c.page(c.tree.Size(), min(c.tree.Size()+verifyPage, c.head.size)); err != nil {
			return err
		}
		c.tell(c.tree.Size(), c.head.size)
	}
	if c.tree.Root() != c.head.root {
		return bad("the events do not give the sealed root")
	}
	if c.head.end != c.head.size {
		return badAt(c.head.size, "there are positions up to %d, behind the sealed size", c.head.end-1)
	}
	if c.head.lastNumber >= tlog.StoredHashCount(c.head.size) {
		return bad("there are hashes of a larger tree than the sealed one")
	}
	if err := c.everyEventPlaced(); err != nil {
		return err
	}
	return c.waiting()
}

// page checks the positions from first to before past.
func (c *checker) page(first, past int64) error {
	rows, err := c.q.AuditBlocks(c.ctx, c.t.Company, c.t.Live, tileOf(first), past)
	if err != nil {
		return err
	}
	events, err := c.events(rows)
	if err != nil {
		return err
	}
	var grown []proof.Grown
	for _, r := range rows {
		more, err := c.block(r, past, events)
		if err != nil {
			return err
		}
		grown = append(grown, more...)
	}
	if missing := c.tree.Size(); missing < past {
		return badAt(missing, "the position is missing")
	}
	return c.compareHashes(first, past, grown)
}

func (c *checker) events(blocks []db.AuditBlocksRow) (map[uuid.UUID]db.AuditEvent, error) {
	var ids []uuid.UUID
	for _, b := range blocks {
		ids = append(ids, b.EventIds...)
	}
	rows, err := c.q.AuditEventsByID(c.ctx, ids, c.t.Company, c.t.Live)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]db.AuditEvent, len(rows))
	for _, r := range rows {
		out[r.EventID] = r
	}
	return out, nil
}

// block checks a tile or a run, up to before past.
func (c *checker) block(r db.AuditBlocksRow, past int64, events map[uuid.UUID]db.AuditEvent) (grown []proof.Grown, err error) {
	if position := c.tree.Size(); r.First > position {
		return nil, badAt(position, "the position is missing")
	} else if r.First < position {
		return nil, badAt(r.First, "the position is there twice")
	}
	b, err := toBlock(r)
	if err != nil {
		return nil, err
	}
	var types []string
	for i, id := range b.events {
		if c.tree.Size() == past {
			return grown, nil // the log ends here, says its head
		}
		hash, err := recompute(c.tree.Size(), id, b.leaf(i), events)
		if err != nil {
			return nil, err
		}
		types = withType(types, events[id].Type)
		grown = append(grown, c.tree.Add(hash)...)
	}
	return grown, c.compareIndex(r, b, types)
}

// compareIndex holds what is kept beside the leaves to their events.
func (c *checker) compareIndex(r db.AuditBlocksRow, b block, types []string) error {
	wrong := !slices.Equal(r.Types, types)
	if r.Top != uuid.Nil {
		x := b.index(c.top)
		wrong = wrong || r.Top != x.top || r.Low != x.low || len(b.events) != tileSize || b.first%tileSize != 0
		c.top = x.top
	}
	if wrong {
		return bad("what is kept of the events from %d on to find them is not of those", b.first)
	}
	return nil
}

// recompute makes the leaf from the event as it is now.
func recompute(position int64, id uuid.UUID, leaf tlog.Hash, events map[uuid.UUID]db.AuditEvent) (tlog.Hash, error) {
	e, ok := events[id]
	if !ok {
		return tlog.Hash{}, badAt(position, "the event %s is gone", ident.Format(ident.Event, id))
	}
	line, err := toRecord(position, e).Line()
	if err != nil {
		return tlog.Hash{}, badAt(position, "the event cannot be written in the canonical form")
	}
	hash := proof.Leaf(line)
	if hash != leaf {
		return tlog.Hash{}, badAt(position, "the event %s is not the one that was sealed", ident.Format(ident.Event, id))
	}
	return hash, nil
}

// compareHashes holds the stored hashes of a page to the computed ones.
func (c *checker) compareHashes(first, past int64, grown []proof.Grown) error {
	rows, err := c.q.AuditHashRange(c.ctx, c.t.Company, c.t.Live,
		tlog.StoredHashIndex(0, first), tlog.StoredHashIndex(0, past))
	if err != nil {
		return err
	}
	for _, g := range grown {
		if g.Level < storedLevel {
			continue
		}
		if len(rows) == 0 || rows[0].Number != g.Number() || !bytes.Equal(rows[0].Hash, g.Hash[:]) {
			return bad("the tree's hash %d is not that of the events below it", g.Number())
		}
		rows = rows[1:]
	}
	if len(rows) > 0 {
		return bad("the tree has a hash %d that belongs to no events", rows[0].Number)
	}
	return nil
}

// everyEventPlaced finds events that were slipped in beside the log. An event
// is found at one position, and only where its leaf is: so when as many are found
// as there are positions, each leaf is of an event of its own.
func (c *checker) everyEventPlaced() error {
	after, found := uuid.Nil, int64(0)
	for {
		rows, err := c.q.AuditPlaced(c.ctx, c.t.Company, c.t.Live, after, verifyPage)
		if err != nil {
			return err
		}
		for _, r := range rows {
			id := ident.Format(ident.Event, r.EventID)
			switch {
			case r.Position < 0 && !r.Waiting:
				return bad("the event %s has no position and waits for none", id)
			case r.Position >= 0 && r.Waiting:
				return bad("the event %s has a position and waits for another", id)
			case r.Position >= 0 && r.Position < c.head.size:
				found++
			}
			after = r.EventID
		}
		if len(rows) < verifyPage {
			break
		}
	}
	if found != c.head.size {
		return bad("of %d positions, %d are found by their events", c.head.size, found)
	}
	return nil
}

func (c *checker) waiting() error {
	r, err := c.q.AuditWaiting(c.ctx, c.t.Company, c.t.Live)
	if err != nil {
		return err
	}
	c.pending = r.Waiting
	if r.Missing > 0 {
		return bad("%d events that wait for a position are gone", r.Missing)
	}
	return nil
}
