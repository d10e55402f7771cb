package access

import (
	"context"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// ActorNames finds what people call the actors that an audit log names by their
// public ids: a member or person by the mail address, a key by its name, those
// who are gone meanwhile too. What is unknown is left out.
func (a *Access) ActorNames(ctx context.Context, t ident.Tenant, actors []string) (map[string]string, error) {
	ids, public := []uuid.UUID{}, map[uuid.UUID]string{}
	for _, actor := range actors {
		for _, p := range []ident.Prefix{ident.Member, ident.Person, ident.Key} {
			if id, ok := ident.Parse(p, actor); ok && public[id] == "" {
				ids, public[id] = append(ids, id), actor
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := db.New(a.pool).ActorNames(ctx, t.Company, ids, t.Live)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[public[r.ID]] = r.Name
	}
	return out, err
}
