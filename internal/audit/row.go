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

// toEvents turns entries into events as they will be stored, tenant by tenant. One
// without a moment of its own has none yet.
func toEvents(entries []Entry) (events []db.AuditEvent, err error) {
	byTenant := func(a, b Entry) int { return compareTenants(a.Tenant, b.Tenant) }
	if !slices.IsSortedFunc(entries, byTenant) {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, byTenant)
	}
	events = make([]db.AuditEvent, len(entries))
	var made eventIDs
	for i, e := range entries {
		if events[i], err = toEvent(made.next(e.At), e); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func toEvent(id uuid.UUID, e Entry) (db.AuditEvent, error) {
	actor, err := e.Actor.check()
	if err != nil {
		return db.AuditEvent{}, err
	}
	if e.Type == "" {
		return db.AuditEvent{}, errNoType
	}
	data, err := dataOf(e.Event)
	if e.Agent != nil && *e.Agent == uuid.Nil {
		e.Agent = nil // as it will be stored
	}
	return db.AuditEvent{CompanyID: e.Tenant.Company, Live: e.Tenant.Live, EventID: id, Type: e.Type, Actor: actor, AgentID: e.Agent,
		Subject: e.Subject, Data: data, RequestID: e.Actor.RequestID, CreatedAt: e.At}, err
}

// toRows are the rows of one insert, and what says that the events wait.
func toRows(events []db.AuditEvent) (rows, waiting []wire.Row) {
	rows = make([]wire.Row, len(events))
	for i, e := range events {
		rows[i] = rowOf(e)
	}
	for _, g := range groups(events) {
		waiting = append(waiting, waitingOf(events[g.from:g.to]))
	}
	return rows, waiting
}

// rowOf is an event_row.
func rowOf(e db.AuditEvent) wire.Row {
	r := wire.New(350 + len(e.Data))
	r.UUID(e.CompanyID)
	r.Bool(e.Live)
	r.UUID(e.EventID)
	r.Text(e.Type)
	r.Text(e.Actor)
	r.UUIDOrNull(orNil(e.AgentID))
	r.Text(e.Subject)
	r.Text(string(e.Data))
	r.Text(e.RequestID)
	r.TimeOrNull(e.CreatedAt)
	return r
}

func orNil(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// waitingOf is a waiting_row, of events of one tenant.
func waitingOf(events []db.AuditEvent) wire.Row {
	ids := make([]uuid.UUID, len(events))
	for i, e := range events {
		ids[i] = e.EventID
	}
	r := wire.New(100 + 20*len(ids))
	r.UUID(events[0].CompanyID)
	r.Bool(events[0].Live)
	r.UUIDs(ids)
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

// group is a part of the events that waits as one row.
type group struct{ from, to int }

// groups cuts events where the tenant changes, and where a group is full.
func groups(events []db.AuditEvent) (all []group) {
	for i, e := range events {
		last := len(all) - 1
		if last < 0 || tenantOf(e) != tenantOf(events[i-1]) || i-all[last].from == maxGroup {
			all = append(all, group{i, i})
			last++
		}
		all[last].to++
	}
	return all
}

func tenantOf(e db.AuditEvent) ident.Tenant { return ident.Tenant{Company: e.CompanyID, Live: e.Live} }

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
