package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// toRows turns entries into the columns of one insert.
func toRows(entries []Entry) (db.AppendAuditParams, error) {
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
	return p, nil
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

// head is a log's sealed size and root, and what is stored behind them.
type head struct {
	size                     int64
	root                     tlog.Hash
	lastPosition, lastNumber int64
}

func (l *Log) head(ctx context.Context, q *db.Queries, t ident.Tenant) (head, error) {
	r, err := q.AuditSealedHead(ctx, t.Company, t.Live)
	if err != nil {
		return head{}, fmt.Errorf("read the audit log's head: %w", err)
	}
	root, err := toHash(r.Root)
	return head{r.Size, root, r.LastPosition, r.LastNumber}, err
}

func toHash(b []byte) (tlog.Hash, error) {
	if len(b) != tlog.HashSize {
		return tlog.Hash{}, fmt.Errorf("%w: a hash has %d bytes", errBroken, len(b))
	}
	return tlog.Hash(b), nil
}

// toLeaves are the hashes of consecutive leaves from a position on.
func toLeaves(rows []db.AuditLeafRangeRow, first int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(rows))
	for i, r := range rows {
		if r.Position != first+int64(i) {
			return nil, fmt.Errorf("%w: position %d is missing", errBroken, first+int64(i))
		}
		var err error
		if out[i], err = toHash(r.LeafHash); err != nil {
			return nil, err
		}
	}
	return out, nil
}
