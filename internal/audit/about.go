package audit

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Mention is an event of one thing: what happened to it, when, and by whom.
type Mention struct {
	ID    uuid.UUID
	Type  string
	Actor string
	At    time.Time
}

// About gives the events of a subject (a public id) that were made at one of the
// instants, oldest first. Whoever has the thing knows its instants, so this
// reads as many rows as there are, however long the log is. An event needs no
// position yet.
func (l *Log) About(ctx context.Context, t ident.Tenant, subject string, at ...time.Time) ([]Mention, error) {
	p := db.AuditAboutParams{CompanyID: t.Company, Live: t.Live, Subject: subject}
	seen := map[uuid.UUID]bool{}
	for _, moment := range at {
		first := ident.Floor(moment)
		if moment.IsZero() || seen[first] {
			continue
		}
		seen[first] = true
		p.Firsts, p.Beyonds = append(p.Firsts, first), append(p.Beyonds, ident.Floor(moment.Add(time.Millisecond)))
	}
	rows, err := db.New(l.pool).AuditAbout(ctx, p)
	out := make([]Mention, len(rows))
	for i, r := range rows {
		out[i] = Mention{ID: r.EventID, Type: r.Type, Actor: r.Actor, At: r.CreatedAt}
	}
	return out, err
}
