package spend

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
)

// cell is what some requests of one stretch of time come to: those alike in
// everything that reports add up by.
type cell struct {
	currency, merchant string
	// reason is a denial's code, empty for all others.
	reason string
	agent  uuid.UUID
	status Status
	// n requests whose amounts, without what was refunded, are minor units.
	n, minor    int64
	first, last time.Time
}

// of says that an agent is the one that is asked for, or that none is.
func (c *cell) of(agent uuid.UUID) bool { return agent == uuid.Nil || c.agent == agent }

// stretch is a part of a report's window.
type stretch struct {
	meter.Window
	// lasting says that other reports will ask for the same, and that it has
	// ended: what it adds up to is worth keeping.
	lasting bool
}

// stretches cut a window, whose From is set, into local days, and the running
// day into hours, oldest first. What lies ahead is part of the last.
func stretches(w meter.Window, now time.Time, loc *time.Location) (out []stretch) {
	end := orNever(w.To)
	for at := w.From; at.Before(end); {
		day := meter.Day.Window(at, loc)
		part := meter.Window{From: at, To: day.To}
		whole := at.Equal(day.From)
		if day.Contains(now) || at.After(now) {
			hour := at.Truncate(time.Hour)
			part.To, whole = hour.Add(time.Hour), whole || at.Equal(hour)
		}
		if part.To.After(now) {
			part.To = end
		}
		if part.To.After(end) {
			part.To, whole = end, false
		}
		out = append(out, stretch{part, whole && !part.To.After(now)})
		at = part.To
	}
	return out
}

// touchedAtMost is how many changes of the past are looked at one by one.
const touchedAtMost = 5000

// addUp gives each cell of a window, with the stretch that it belongs to. What
// ended long ago is added up once and remembered until something happens to one
// of its requests, which the audit log tells.
func (s *Service) addUp(ctx context.Context, t ident.Tenant, w meter.Window, now time.Time, loc *time.Location, each func(stretch, *cell)) error {
	parts := stretches(w, now, loc)
	found := make([][]cell, len(parts))
	err := s.pool.InTxOptions(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(ctx context.Context, tx pgx.Tx) error {
		known := s.past.of(t)
		touched, position, complete, err := audit.Touched(ctx, tx, t, known.position, "authorization.", touchedAtMost)
		if err != nil {
			return err
		}
		if !complete {
			known.forgetAll(position)
		}
		known.forget(touched, position)
		var missing []int
		for i, p := range parts {
			var has bool
			if found[i], has = known.get(p); !has {
				missing = append(missing, i)
			}
		}
		if err := readCells(ctx, tx, t, parts, missing, found); err != nil {
			return err
		}
		for _, i := range missing {
			known.keep(parts[i], found[i], position)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, cells := range found {
		for j := range cells {
			each(parts[i], &cells[j])
		}
	}
	return nil
}

// readCells adds up the missing parts.
func readCells(ctx context.Context, tx pgx.Tx, t ident.Tenant, parts []stretch, missing []int, found [][]cell) error {
	if len(missing) == 0 {
		return nil
	}
	q := db.New(tx)
	if err := q.ReportByKey(ctx); err != nil {
		return err
	}
	p := db.ReportCellsParams{CompanyID: t.Company, Live: t.Live}
	for _, i := range missing {
		first, beyond := ids(parts[i].Window)
		p.Firsts, p.Beyonds = append(p.Firsts, first), append(p.Beyonds, beyond)
		p.Sinces, p.Untils = append(p.Sinces, parts[i].From), append(p.Untils, orNever(parts[i].To))
	}
	rows, err := q.ReportCells(ctx, p)
	names := map[string]string{}
	for _, r := range rows {
		place := missing[r.Place-1]
		found[place] = append(found[place], cellFromRow(r, names))
	}
	return err
}

// cellFromRow keeps each name once: they repeat in every row.
func cellFromRow(r db.ReportCellsRow, names map[string]string) cell {
	one := func(s string) string {
		if known, found := names[s]; found {
			return known
		}
		names[s] = s
		return s
	}
	return cell{currency: one(r.Currency), merchant: one(r.MerchantKey), reason: one(r.ReasonCode), agent: r.AgentID,
		status: Status(one(r.Status)), n: r.N, minor: r.Minor, first: r.FirstAt, last: r.LastAt}
}
