package audit

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/wire"
)

// maxGroup bounds the events of one row of those that wait, so that it stays in
// one page.
const maxGroup = 100

// toRows turns entries into the rows of one insert, tenant by tenant, and what
// says that they wait.
func toRows(entries []Entry) (events, waiting []wire.Row, err error) {
	byTenant := func(a, b Entry) int { return compareTenants(a.Tenant, b.Tenant) }
	if !slices.IsSortedFunc(entries, byTenant) {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, byTenant)
	}
	rows, ids := make([]wire.Row, len(entries)), make([]uuid.UUID, len(entries))
	var made eventIDs
	for i, e := range entries {
		ids[i] = made.next(e.At)
		if rows[i], err = rowOf(ids[i], e); err != nil {
			return nil, nil, err
		}
	}
	for _, g := range groups(entries) {
		waiting = append(waiting, waitingOf(entries[g.from].Tenant, ids[g.from:g.to]))
	}
	return rows, waiting, nil
}

// rowOf is an event_row.
func rowOf(id uuid.UUID, e Entry) (wire.Row, error) {
	actor, err := e.Actor.check()
	if err != nil {
		return nil, err
	}
	if e.Type == "" {
		return nil, errNoType
	}
	data, err := dataOf(e.Event)
	if err != nil {
		return nil, err
	}
	r := wire.New(350 + len(data))
	r.UUID(e.Tenant.Company)
	r.Bool(e.Tenant.Live)
	r.UUID(id)
	r.Text(e.Type)
	r.Text(actor)
	var agent uuid.UUID
	if e.Agent != nil {
		agent = *e.Agent
	}
	r.UUIDOrNull(agent)
	r.Text(e.Subject)
	r.Text(data)
	r.Text(e.Actor.RequestID)
	r.TimeOrNull(e.At)
	return r, nil
}

// waitingOf is a waiting_row.
func waitingOf(t ident.Tenant, events []uuid.UUID) wire.Row {
	r := wire.New(100 + 20*len(events))
	r.UUID(t.Company)
	r.Bool(t.Live)
	r.UUIDs(events)
	return r
}

func compareTenants(a, b ident.Tenant) int {
	if c := bytes.Compare(a.Company[:], b.Company[:]); c != 0 || a.Live == b.Live {
		return c
	}
	if a.Live {
		return 1
	}
	return -1
}

// group is a part of the entries that waits as one row.
type group struct{ from, to int }

// groups cuts entries where the tenant changes, and where a group is full.
func groups(entries []Entry) (all []group) {
	for i, e := range entries {
		last := len(all) - 1
		if last < 0 || e.Tenant != entries[i-1].Tenant || i-all[last].from == maxGroup {
			all = append(all, group{i, i})
			last++
		}
		all[last].to++
	}
	return all
}

// toRecord gives an event its public form.
func toRecord(position int64, e db.AuditEvent) proof.Record {
	r := proof.Record{Position: position, ID: ident.Format(ident.Event, e.EventID), At: e.CreatedAt.UTC(),
		Type: e.Type, Actor: e.Actor, Subject: e.Subject, Data: e.Data, RequestID: e.RequestID}
	if e.AgentID != nil {
		agent := ident.Format(ident.Agent, *e.AgentID)
		r.Agent = &agent
	}
	return r
}

// fedRecord is toRecord for a row of the feed.
func fedRecord(r db.FeedEventsRow) proof.Record {
	return toRecord(r.Position, db.AuditEvent{CompanyID: r.CompanyID, Live: r.Live, EventID: r.EventID, Type: r.Type, Actor: r.Actor,
		AgentID: r.AgentID, Subject: r.Subject, Data: r.Data, RequestID: r.RequestID, CreatedAt: r.CreatedAt})
}

// head is a log's sealed size and root, and what is stored behind them: the
// position after the last leaf, the last hash, and the highest id of the tiles.
type head struct {
	size            int64
	root            tlog.Hash
	end, lastNumber int64
	top             uuid.UUID
}

func (l *Log) head(ctx context.Context, q *db.Queries, t ident.Tenant) (head, error) {
	r, err := q.AuditSealedHead(ctx, t.Company, t.Live)
	if err != nil {
		return head{}, fmt.Errorf("read the audit log's head: %w", err)
	}
	root, err := toHash(r.Root)
	return head{r.Size, root, max(r.RunsEnd, r.TilesEnd), r.LastNumber, r.Top}, err
}

func toHash(b []byte) (tlog.Hash, error) {
	if len(b) != tlog.HashSize {
		return tlog.Hash{}, fmt.Errorf("%w: a hash has %d bytes", errBroken, len(b))
	}
	return tlog.Hash(b), nil
}

// toRecords gives events their positions' order. Those that are not among the
// rows are left out.
func toRecords(at []placed, rows []db.AuditEvent) []proof.Record {
	events := make(map[uuid.UUID]db.AuditEvent, len(rows))
	for _, r := range rows {
		events[r.EventID] = r
	}
	out := make([]proof.Record, 0, len(rows))
	for _, p := range at {
		if e, ok := events[p.event]; ok {
			out = append(out, toRecord(p.position, e))
		}
	}
	return out
}
