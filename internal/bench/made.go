package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
)

// span is how long before the present year the history lies, so that no running
// budget has any of it but the total.
const span = 365 * 24 * time.Hour

func (h *history) chunk(ctx context.Context, from, n int) error {
	end := time.Date(time.Now().Year(), 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -10)
	rows := make([][]any, n)
	for i := range rows {
		company := 0
		if (from+i)%ours != 0 {
			company = 1 + h.dice.IntN(len(h.companies)-1)
		}
		agent := h.agents[company][h.dice.IntN(len(h.agents[company]))]
		at := end.Add(-span + span/time.Duration(h.total)*time.Duration(from+i))
		id, status, events := ident.At(at), "confirmed", 2
		if h.dice.IntN(deniedShare) == 0 {
			status, events = "denied", 1
			h.denied++
		} else {
			h.counted[agent]++
			h.confirmed++
		}
		if company == 0 {
			h.note(status)
		}
		rows[i] = []any{h.companies[company], agent, id, ident.Format(ident.Authorization, id), at, status, ident.At(at), ident.At(at.Add(time.Second))}
		h.events += events
	}
	if err := h.run(ctx, "TRUNCATE made"); err != nil {
		return err
	}
	columns := []string{"company_id", "agent_id", "authorization_id", "public_id", "created_at", "status", "first_event", "last_event"}
	if _, err := h.db.CopyFrom(ctx, pgx.Identifier{"made"}, columns, pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	return h.store(ctx)
}

// note counts what is made up for the measured company among what was answered.
func (h *history) note(status string) {
	if status == "denied" {
		h.tally.denied.Add(1)
		return
	}
	h.tally.approved.Add(1)
	h.tally.confirmed.Add(1)
}

// store turns the chunk into rows of the server's tables.
func (h *history) store(ctx context.Context) error {
	authorizations, err := h.copied(ctx, "authorizations", "made m JOIN made_authorizations t ON t.status = m.status ORDER BY m.created_at",
		map[string]string{"company_id": "m.company_id", "agent_id": "m.agent_id", "authorization_id": "m.authorization_id", "created_at": "m.created_at",
			"closed_at": "m.created_at + interval '1 s'", "expires_at": "m.created_at + (t.expires_at - t.created_at)"})
	if err != nil {
		return err
	}
	events, err := h.copied(ctx, "audit_events", `made m JOIN made_events t ON (t.type = 'authorization.denied') = (m.status = 'denied') ORDER BY m.created_at`,
		map[string]string{"company_id": "m.company_id", "agent_id": "m.agent_id", "authorization_id": "m.authorization_id", "subject": "m.public_id",
			"event_id":   "CASE WHEN t.type = 'authorization.confirmed' THEN m.last_event ELSE m.first_event END",
			"created_at": "CASE WHEN t.type = 'authorization.confirmed' THEN m.created_at + interval '1 s' ELSE m.created_at END"})
	if err != nil {
		return err
	}
	waiting := `INSERT INTO audit_pending (company_id, live, first_id, event_ids)
		SELECT company_id, true, first_event, CASE status WHEN 'denied' THEN ARRAY[first_event] ELSE ARRAY[first_event, last_event] END
		FROM made WHERE company_id = ` + h.measured()
	if err := h.run(ctx, "BEGIN", authorizations, events, waiting, "COMMIT"); err != nil {
		return err
	}
	return h.settle(ctx)
}

// measured is the company whose log the server seals itself.
func (h *history) measured() string { return "'" + h.careful.id.String() + "'" }

// logs makes the logs of the companies beside the measured one look like sealed
// ones.
func (h *history) logs(ctx context.Context) error {
	const packed = `array_agg(event_id ORDER BY n), string_agg(sha256(uuid_send(event_id)), '' ORDER BY n)
		FROM (SELECT *, row_number() OVER (PARTITION BY company_id, live ORDER BY event_id) - 1 AS n FROM audit_events WHERE company_id = ANY ($1)) e
		GROUP BY company_id, live, n / 160 HAVING count(*) `
	for _, insert := range []string{
		`INSERT INTO audit_tiles SELECT company_id, live, min(n), max(event_id::text)::uuid, min(event_id::text)::uuid, array_agg(DISTINCT type), ` + packed + `= 160`,
		`INSERT INTO audit_runs SELECT company_id, live, min(n), array_agg(DISTINCT type), ` + packed + `< 160`,
		`INSERT INTO audit_hashes SELECT company_id, live, first + n, sha256(uuid_send(top)) FROM audit_tiles, generate_series(0, 1) n WHERE company_id = ANY ($1)`,
	} {
		if _, err := h.db.Exec(ctx, insert, h.companies[1:]); err != nil {
			return fmt.Errorf("%w in %s", err, insert)
		}
	}
	return nil
}

// close adds the budgets and makes the database as it would be: analyzed, and
// with the durability that is measured.
func (h *history) close(ctx context.Context) error {
	if err := h.meters(ctx); err != nil {
		return err
	}
	if err := h.logs(ctx); err != nil {
		return err
	}
	if err := h.run(ctx, "DROP TABLE made, made_events, made_authorizations, made_meters", "VACUUM ANALYZE",
		"ALTER SYSTEM RESET full_page_writes", "ALTER SYSTEM RESET max_wal_size", "SELECT pg_reload_conf()", "CHECKPOINT"); err != nil {
		return err
	}
	for range 50 { // until every process knows
		var setting string
		if err := h.db.QueryRow(ctx, "SELECT current_setting('full_page_writes')").Scan(&setting); err != nil || setting == "on" {
			return err
		}
		pause(100 * time.Millisecond)
	}
	return fmt.Errorf("full_page_writes did not come back on: %w", os.ErrDeadlineExceeded)
}

// meters gives each agent's total what was confirmed in its name.
func (h *history) meters(ctx context.Context) error {
	var rows [][]any
	for i, company := range h.companies {
		for _, agent := range h.agents[i] {
			if n := h.counted[agent]; n > 0 {
				rows = append(rows, []any{company, agent, n})
			}
		}
	}
	if err := h.run(ctx, "CREATE UNLOGGED TABLE made_totals (company_id uuid, agent_id uuid, n bigint)"); err != nil {
		return err
	}
	if _, err := h.db.CopyFrom(ctx, pgx.Identifier{"made_totals"}, []string{"company_id", "agent_id", "n"}, pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	named := map[string]string{"company_id": "n.company_id", "subject": "n.agent_id", "total_spent": "n.n * a.amount", "total_reserved": "0"}
	for _, period := range []string{"day", "week", "month", "quarter", "year"} {
		named[period+"_spent"], named[period+"_reserved"] = "0", "0"
	}
	insert, err := h.copied(ctx, "meters", "made_totals n, made_meters t, made_authorizations a WHERE a.status = 'confirmed'", named)
	if err != nil {
		return err
	}
	return h.run(ctx, insert+" ON CONFLICT (company_id, live, subject, currency, time_zone) DO UPDATE SET total_spent = meters.total_spent + excluded.total_spent",
		"DROP TABLE made_totals")
}
