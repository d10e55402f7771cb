package audit

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// maxGroup bounds the events of one row of those that wait, so that it stays in
// one page.
const maxGroup = 100

// toRows turns entries into the columns of one insert, tenant by tenant.
func toRows(entries []Entry) (db.AppendAuditParams, error) {
	byTenant := func(a, b Entry) int { return compareTenants(a.Tenant, b.Tenant) }
	if !slices.IsSortedFunc(entries, byTenant) {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, byTenant)
	}
	n := len(entries)
	p := db.AppendAuditParams{
		CompanyIds: make([]uuid.UUID, n), Lives: make([]bool, n), EventIds: make([]uuid.UUID, n),
		Types: make([]string, n), Actors: make([]string, n), AgentIds: make([]uuid.UUID, n),
		Subjects: make([]string, n), Datas: make([]string, n), RequestIds: make([]string, n),
		Ats: make([]time.Time, n),
	}
	var ids eventIDs
	for i, e := range entries {
		actor, err := e.Actor.check()
		if err != nil {
			return p, err
		}
		if e.Type == "" {
			return p, errNoType
		}
		if p.Datas[i], err = dataOf(e.Event); err != nil {
			return p, err
		}
		if e.Agent != nil {
			p.AgentIds[i] = *e.Agent
		}
		p.CompanyIds[i], p.Lives[i] = e.Tenant.Company, e.Tenant.Live
		p.EventIds[i] = ids.next(e.At)
		p.Types[i], p.Actors[i], p.Subjects[i] = e.Type, actor, e.Subject
		p.RequestIds[i], p.Ats[i] = e.Actor.RequestID, e.At.UTC()
	}
	p.Lows, p.Highs = groups(entries)
	return p, nil
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

// groups cuts entries where the tenant changes, and where a group is full. They
// are counted from 1, as PostgreSQL counts, and both ends are included.
func groups(entries []Entry) (lows, highs []int32) {
	for i, e := range entries {
		last := len(lows) - 1
		if last < 0 || e.Tenant != entries[i-1].Tenant || i+1-int(lows[last]) == maxGroup {
			lows, highs = append(lows, int32(i+1)), append(highs, int32(i))
			last++
		}
		highs[last]++
	}
	return lows, highs
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
