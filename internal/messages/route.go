package messages

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Route turns events into messages.
func (s *Service) Route() audit.Route {
	return audit.Route{Name: "messages", Wants: s.wants, Take: s.take}
}

const (
	// longestWait is more than the longest time that a request may be held.
	longestWait = 32 * 24 * time.Hour
	// stale is the age at which it helps nobody any more to hear of a key, as
	// after a server was down for long. Of a request it is its own state that
	// says whether it still matters.
	stale = 24 * time.Hour
)

// wants leaves out what the gate writes most of: an ending is read where
// something was held, and how far limits are used is not read from events, but
// looked at once in a while after some.
func (s *Service) wants(ctx context.Context, tx pgx.Tx, t ident.Tenant) ([]string, error) {
	if err := s.moved(ctx, tx, t); err != nil {
		return nil, err
	}
	types := []string{"authorization.held", "key.created", "key.rerolled", "key.revoked"}
	lately, err := db.New(tx).HeldLately(ctx, t.Company, t.Live, ident.Floor(time.Now().Add(-longestWait)))
	if lately {
		types = append(types, "authorization.approved", "authorization.denied", "authorization.expired", "authorization.voided")
	}
	return types, err
}

// take is told of events, each once, in the transaction that notes it.
func (s *Service) take(ctx context.Context, tx pgx.Tx, t ident.Tenant, news []proof.Record) error {
	holds, err := s.holdsOf(ctx, tx, t, news)
	if err != nil {
		return err
	}
	for _, e := range news {
		hold, held := holds[e.Subject]
		switch e.Type {
		case "key.created", "key.rerolled", "key.revoked":
			err = s.keyChanged(ctx, tx, t, e)
		case "authorization.held":
			if held {
				err = s.held(ctx, tx, t, hold)
			}
		default:
			if held && fits(hold, e) {
				err = s.ended(ctx, tx, t, hold, e.Actor)
			}
		}
		if err != nil {
			return fmt.Errorf("%s of %s: %w", e.Type, e.Subject, err)
		}
	}
	return nil
}

// about is the part of an event's data that says whether it concerns a held
// request, and whether it is one that a decision took with it.
type about struct {
	Approval     string `json:"approval"`
	SupersededBy string `json:"superseded_by"`
}

// holdsOf finds the approvals that events are about, by the authorizations'
// public ids.
func (s *Service) holdsOf(ctx context.Context, tx pgx.Tx, t ident.Tenant, news []proof.Record) (map[string]db.Approval, error) {
	var ids []uuid.UUID
	for _, e := range news {
		if id, ok := ident.Parse(ident.Authorization, e.Subject); ok && mayEndHold(e) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := db.New(tx).HoldsOf(ctx, t.Company, t.Live, ids)
	out := make(map[string]db.Approval, len(rows))
	for _, r := range rows {
		out[ident.Format(ident.Authorization, r.AuthorizationID)] = r
	}
	return out, err
}

// mayEndHold leaves out what was decided at once.
func mayEndHold(e proof.Record) bool {
	switch e.Type {
	case "authorization.approved", "authorization.denied":
		var a about
		return json.Unmarshal(e.Data, &a) == nil && a.Approval != ""
	}
	return true
}

// fits leaves out what expired or was voided after people had approved it, and
// what went with the decision of its retry, which is told.
func fits(hold db.Approval, e proof.Record) bool {
	var a about
	if json.Unmarshal(e.Data, &a) == nil && a.SupersededBy != "" {
		return false
	}
	decided := hold.Status == "approved" || hold.Status == "denied"
	return decided == (e.Type == "authorization.approved" || e.Type == "authorization.denied")
}
