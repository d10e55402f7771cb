package reconcile

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// told is which events an authorization has, a bit each.
type told uint8

const (
	approved told = 1 << iota
	denied
	held
	confirmed
	voided
	expired
)

// endings are the events that say what became of an authorization: each belongs
// to exactly one status.
const endings = confirmed | voided | expired

var toldBy = map[string]told{"authorization.approved": approved, "authorization.denied": denied, "authorization.held": held,
	"authorization.confirmed": confirmed, "authorization.voided": voided, "authorization.expired": expired}

func (t told) String() string {
	var names []string
	for _, name := range []string{"approved", "denied", "held", "confirmed", "voided", "expired"} {
		if t&toldBy["authorization."+name] != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// events holds each authorization to its events. It keeps some 40 bytes an
// authorization in memory.
func (r *Report) events(ctx context.Context, q *db.Queries) error {
	all, err := r.readEvents(ctx, q)
	if err != nil {
		return err
	}
	after := uuid.Nil
	for {
		rows, err := q.ReconcileAuthorizations(ctx, r.Tenant.Company, r.Tenant.Live, after)
		if err != nil {
			return err
		}
		for _, a := range rows {
			after = a.AuthorizationID
			want, have := wanted(a), all[a.AuthorizationID]
			delete(all, a.AuthorizationID)
			if missing := want &^ have; missing != 0 {
				r.differs(Events, ident.Format(ident.Authorization, a.AuthorizationID), "it is %s, and no event says %s", a.Status, missing)
			}
			if extra := (have &^ want) & endings; extra != 0 {
				r.differs(Events, ident.Format(ident.Authorization, a.AuthorizationID), "it is %s, and an event says %s", a.Status, extra)
			}
		}
		r.Authorizations += len(rows)
		if len(rows) == 0 {
			break
		}
	}
	for id, have := range all {
		r.differs(Events, ident.Format(ident.Authorization, id), "there are events (%s), and no authorization", have)
	}
	return nil
}

// wanted are the events that an authorization must have.
func wanted(a db.ReconcileAuthorizationsRow) told {
	var t told
	switch {
	case a.ApprovalID != nil:
		t = held
		if a.Decision == "APPROVED" {
			t |= approved
		}
	case a.Decision == "APPROVED":
		t = approved
	}
	switch a.Status {
	case "denied":
		t |= denied
	case "confirmed":
		t |= confirmed
	case "voided":
		t |= voided
	case "expired":
		t |= expired
	}
	return t
}

// readEvents gathers what is told of each authorization.
func (r *Report) readEvents(ctx context.Context, q *db.Queries) (map[uuid.UUID]told, error) {
	all := map[uuid.UUID]told{}
	after := uuid.Nil
	for {
		rows, err := q.ReconcileEvents(ctx, r.Tenant.Company, r.Tenant.Live, after)
		if err != nil || len(rows) == 0 {
			return all, err
		}
		for _, e := range rows {
			after = e.EventID
			if bit, ok := toldBy[e.Type]; ok {
				if id, ok := ident.Parse(ident.Authorization, e.Subject); ok {
					all[id] |= bit
				} else {
					r.differs(Events, e.Subject, "the event %s names no authorization", ident.Format(ident.Event, e.EventID))
				}
			}
		}
		r.Events += len(rows)
	}
}
