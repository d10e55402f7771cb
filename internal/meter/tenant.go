package meter

import (
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// QueueOfTenant reads every meter of a tenant as a part of a pipeline, for who
// looks at all agents at once. It locks nothing.
func QueueOfTenant(p *pgx.Batch, t ident.Tenant, each func(Stored)) {
	collect(p.Queue(db.MetersOfTenant, t.Company, t.Live), each)
}
