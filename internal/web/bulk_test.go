package web

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Ids of copies are told from the first one's and the copy's number; those that
// sort by time keep their time.
const (
	copied     = `md5(%[1]s::text || n)::uuid`
	copiedLate = `(left(%[1]s::text, 19) || left(md5(%[1]s::text || n), 4) || '-' || substr(md5(%[1]s::text || n), 5, 12))::uuid`
)

// multiply puts each agent of the company, with its authorizations, approvals,
// meters and events, beside itself, so that there is times as much of all.
func (w *world) multiply(company uuid.UUID, times int) {
	w.t.Helper()
	agent, authorization := fmt.Sprintf(copied, "agent_id"), fmt.Sprintf(copiedLate, "authorization_id")
	approval, event := fmt.Sprintf(copiedLate, "approval_id"), fmt.Sprintf(copiedLate, "event_id")
	w.copy("agents", company, times, "true", map[string]string{"agent_id": agent, "handle": "handle || '-' || n", "name": "name || ' ' || n"})
	w.copy("meters", company, times, "subject IN (SELECT agent_id FROM agents)", map[string]string{"subject": fmt.Sprintf(copied, "subject")})
	w.copy("authorizations", company, times, "true", map[string]string{"agent_id": agent, "authorization_id": authorization, "approval_id": approval})
	w.copy("approvals", company, times, "true", map[string]string{"agent_id": agent, "authorization_id": authorization, "approval_id": approval})
	w.copy("approval_votes", company, times, "true", map[string]string{"approval_id": approval})
	w.copy("audit_events", company, times, "true", map[string]string{"event_id": event, "agent_id": agent})
	_, err := w.pool.Exec(w.t.Context(), `INSERT INTO audit_pending (company_id, live, first_id, event_ids)
		SELECT company_id, live, event_id, ARRAY[event_id] FROM audit_events e WHERE company_id = $1 AND NOT EXISTS (
			SELECT FROM audit_leaves l WHERE l.company_id = e.company_id AND l.live = e.live AND l.event_id = e.event_id)
		ON CONFLICT DO NOTHING`, company)
	w.must(err)
}

// crowd adds agents that have done nothing, until the company has so many.
func (w *world) crowd(company uuid.UUID, agents int) {
	w.t.Helper()
	w.copy("agents", company, agents/w.count("agents", company)+2, "true", map[string]string{
		"agent_id": fmt.Sprintf(copied, "agent_id"), "handle": "handle || '-' || n", "name": "name || ' ' || n"})
}

// copy inserts each row of the company that the condition holds for, times - 1
// times, with some of its columns made anew.
func (w *world) copy(table string, company uuid.UUID, times int, where string, anew map[string]string) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1", table)
	w.must(err)
	defer rows.Close()
	var columns, values []string
	for rows.Next() {
		var name string
		w.must(rows.Scan(&name))
		value := name
		if anew[name] != "" {
			value = anew[name]
		}
		columns, values = append(columns, name), append(values, value)
	}
	w.must(rows.Err())
	_, err = w.pool.Exec(w.t.Context(), fmt.Sprintf("INSERT INTO %[1]s (%[2]s) SELECT %[3]s FROM %[1]s, generate_series(2, $2::int) n WHERE company_id = $1 AND %[4]s",
		table, strings.Join(columns, ", "), strings.Join(values, ", "), where)+" ON CONFLICT DO NOTHING", company, times)
	w.must(err)
}

// count counts the company's rows of a table, of both modes.
func (w *world) count(table string, company uuid.UUID) (n int) {
	w.t.Helper()
	w.must(w.pool.QueryRow(w.t.Context(), "SELECT count(*) FROM "+table+" WHERE company_id = $1", company).Scan(&n))
	return n
}
