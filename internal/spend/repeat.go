package spend

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/once"
)

// answered is the stored answer to the very same request; nil without one.
func (s *Service) answered(ctx context.Context, call Call) *once.Record {
	if call.Once == nil {
		return nil
	}
	found, err := once.Find(ctx, s.pool, call.Once.Key)
	if err != nil || found == nil || found.Outlived || found.Check(call.Once.Key) != nil {
		return nil
	}
	return found
}

// AskedFor is the agent of the answer that an Authorize of the same
// Idempotency-Key was given, and false without one. The name in a request that is
// repeated may be nobody's by now.
func (s *Service) AskedFor(ctx context.Context, call Call) (uuid.UUID, bool) {
	found := s.answered(ctx, call)
	if found == nil {
		return uuid.Nil, false
	}
	id, err := answeredID(found.Answer.Body)
	if err != nil {
		return uuid.Nil, false
	}
	row, err := db.New(s.pool).AuthorizationByID(ctx, call.Tenant.Company, call.Tenant.Live, id)
	if err != nil || call.OnlyAgent != uuid.Nil && call.OnlyAgent != row.AgentID {
		return uuid.Nil, false
	}
	return row.AgentID, true
}
