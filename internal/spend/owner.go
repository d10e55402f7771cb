package spend

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/postgres"
)

// place finds whose authorizations the ops change, in one question for all that
// this process does not know: what another one has authorized, or what was long
// ago. It never changes, so it may be known before the transaction. Ops that
// change nobody's are answered, and left out.
func (s *Service) place(ops []*op) []*op {
	var unknown columns
	for _, o := range ops {
		if o.agent == uuid.Nil {
			unknown.add(o.tenant, o.reads.authorization)
		}
	}
	if len(unknown.ids) == 0 {
		return ops
	}
	owners, err := s.owners(unknown)
	return slices.DeleteFunc(ops, func(o *op) bool {
		if o.agent != uuid.Nil {
			return false
		}
		reason := err
		if reason == nil {
			reason = o.belongsTo(owners[ref{o.tenant, o.reads.authorization}])
		}
		if reason != nil {
			o.done <- answer{err: reason}
		}
		return reason != nil
	})
}

// owners reads whose the authorizations are, and remembers it.
func (s *Service) owners(c columns) (owners map[ref]uuid.UUID, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), batchPatience)
	defer cancel()
	err = s.committers.Snapshot(ctx, func(message *pgx.Batch) {
		owners = make(map[ref]uuid.UUID, len(c.ids))
		postgres.Queue(message, func(r db.AgentsOfAuthorizationsRow) error {
			id := ref{ident.Tenant{Company: r.CompanyID, Live: r.Live}, r.AuthorizationID}
			owners[id] = r.AgentID
			s.memory.agents.Set(id, r.AgentID)
			return nil
		}, db.AgentsOfAuthorizations, c.companies, c.lives, c.ids)
	})
	return owners, err
}

// belongsTo says whose authorization the op changes, if there is one and the
// caller may see it.
func (o *op) belongsTo(agent uuid.UUID) error {
	if only := o.call.OnlyAgent; agent == uuid.Nil || only != uuid.Nil && only != agent {
		return fault.Missing("authorization")
	}
	o.agent = agent
	return nil
}
