package audit

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Touched are the subjects of the events whose type begins with kind, from a
// position on: what is derived from them is to be derived again. Events without
// a position are among them each time, until they have one. Next is where to go
// on from; it and the events are of one moment if the transaction is.
//
// Complete is false when there are more than most: then everything is touched.
func Touched(ctx context.Context, tx pgx.Tx, t ident.Tenant, position int64, kind string, most int) (subjects []string, next int64, complete bool, err error) {
	q := db.New(tx)
	if next, err = q.AuditSize(ctx, t.Company, t.Live); err != nil {
		return nil, 0, false, err
	}
	subjects, err = q.AuditTouched(ctx, db.AuditTouchedParams{CompanyID: t.Company, Live: t.Live,
		Above: tileOf(position) - 1, Position: position, Kind: kind, Most: int32(most) + 1})
	return subjects, next, len(subjects) <= most, err
}
