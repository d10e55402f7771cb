package audit

import (
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
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
