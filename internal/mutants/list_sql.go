package main

// Asking: the queries, as sqlc wrote them.
var queryMutants = []Mutant{
	{"sql: the company's mode is not locked", "internal/db/spend.sql.go",
		`FOR SHARE`, ``, "a freeze or a lowered limit comes too late"},
	{"sql: the agents are not locked", "internal/db/spend.sql.go",
		"FOR NO KEY UPDATE OF a", ``, "two servers spend the same budget"},
	{"sql: agents that share a budget are not locked", "internal/db/spend.sql.go",
		"agent_id\nFOR NO KEY UPDATE\n", "agent_id\n", "two servers spend the same budget"},
	{"sql: shared meters are not locked", "internal/db/meter.sql.go",
		"m.time_zone\nFOR NO KEY UPDATE", "m.time_zone", "two servers spend the same budget"},
	{"sql: agents are not locked while history is added", "internal/db/meter.sql.go",
		`ORDER BY agent_id FOR NO KEY UPDATE`, `ORDER BY agent_id`, "what happens while a limit is made is lost"},
	{"sql: expired holds are found late", "internal/db/spend.sql.go",
		"o.expires_at <= statement_timestamp() OFFSET 0) h\nWHERE h.agent_id", "o.expires_at <= statement_timestamp() - interval '1 minute' OFFSET 0) h\nWHERE h.agent_id",
		"budget is free a minute late"},
	{"sql: other agents' expired holds are not given back", "internal/db/spend.sql.go",
		`AND o.status IN ('pending', 'held') AND o.expires_at <= statement_timestamp())`,
		`AND false AND o.status IN ('pending', 'held') AND o.expires_at <= statement_timestamp())`, "a shared budget is free late"},
	{"sql: revoked keys live", "internal/db/spend.sql.go",
		`k.revoked_at IS NOT NULL OR `, ``, "a revoked key spends"},
	{"sql: expired keys live", "internal/db/spend.sql.go",
		` OR k.expires_at <= statement_timestamp()`, ``, "an expired key spends"},
	{"sql: a velocity forgets voids", "internal/db/spend.sql.go",
		`AND (a.decision <> 'DENIED' OR a.approval_id IS NOT NULL)`, `AND a.status IN ('pending', 'held', 'confirmed')`, "void and ask again, without end"},
	{"sql: a velocity counts denials", "internal/db/spend.sql.go",
		`AND (a.decision <> 'DENIED' OR a.approval_id IS NOT NULL)`, ``, "an agent that was refused is locked out"},
	{"sql: a paid twin is none", "internal/db/spend.sql.go",
		`a.status IN ('pending', 'held', 'confirmed')`, `a.status IN ('pending', 'held')`, "the same invoice is paid twice"},
	{"sql: who was removed still votes", "internal/db/spend.sql.go",
		`person_id = $3 AND status = 'active'`, `person_id = $3`, "somebody who left approves"},
	{"sql: anybody votes as a member", "internal/db/spend.sql.go",
		`person_id = $3 AND status = 'active'`, `(person_id = $3 OR true) AND status = 'active'`, "one person approves for two"},
	{"sql: the budget counts what waited too long", "internal/db/spend.sql.go",
		`live = $2 AND status IN ('pending', 'held') AND expires_at`, `live = $2 AND status = 'pending' AND expires_at`,
		"an agent sees less than it has"},
	{"sql: a confirm of less is not written", "internal/db/spend.sql.go",
		`amount = w.amount, `, ``, "the books show more than was paid"},
	{"sql: a redemption is not written", "internal/db/spend.sql.go",
		`redeemed_at = nullif(w.redeemed_at, '0001-01-01 00:00:00Z')`, `redeemed_at = a.redeemed_at`, "two processors pay on one token"},
	{"sql: the other mode's authorizations are found", "internal/db/spend.sql.go",
		`WHERE company_id = $1 AND live = $2 AND authorization_id = $3`, `WHERE company_id = $1 AND (live = $2 OR true) AND authorization_id = $3`,
		"a test key confirms a live payment"},
	{"sql: history without what waits for people", "internal/db/meter.sql.go",
		`status IN ('pending', 'held', 'confirmed')`, `status IN ('pending', 'confirmed')`, "a new limit does not count what is approved later"},
	{"sql: a month's spending is not written", "internal/db/meter.sql.go",
		one + upsert + week + `month_from = excluded.month_from, month_spent = excluded`, one + upsert + week + `month_from = excluded.month_from, month_spent = meters`,
		"a month's limit counts what is reserved alone"},
	{"sql: a month's spending is not written among others", "internal/db/meter.sql.go",
		many + upsert + week + `month_from = excluded.month_from, month_spent = excluded`, many + upsert + week + `month_from = excluded.month_from, month_spent = meters`,
		"a month's limit counts what is reserved alone"},
	{"sql: a week's window is not written", "internal/db/meter.sql.go",
		one + upsert + `week_from = excluded`, one + upsert + `week_from = meters`, "every new week loses what it has counted"},
	{"sql: a mode's budget is the other's too", "internal/db/meter.sql.go",
		`JOIN meters m ON m.company_id = w.company_id AND m.live = w.live AND`, `JOIN meters m ON m.company_id = w.company_id AND`, "tests use up the live budget"},
	{"sql: a living key is dropped", "internal/db/once.sql.go",
		`AND k.created_at <= statement_timestamp() - interval '30 days'`, ``, "one key has two effects"},
	{"sql: keys live for ever", "internal/db/once.sql.go",
		`(k.created_at <= statement_timestamp() - interval '30 days')`, `(false)`, "an old key answers what nobody remembers"},
	{"sql: the other mode's keys are found", "internal/db/once.sql.go",
		`JOIN idempotency_keys k ON k.company_id = w.company_id AND k.live = w.live AND`, `JOIN idempotency_keys k ON k.company_id = w.company_id AND`,
		"a live request gets a test's answer"},
	{"sql: the epoch does not move", "internal/db/modes.sql.go",
		`epoch = epoch + 1`, `epoch = epoch`, "a lowered limit never comes into force"},
}

// How WriteMeter and WriteMeters begin to overwrite a meter: the rest of the two
// is the same.
const (
	one    = `$22)`
	many   = `unnest($22::bigint[])`
	upsert = "\nON CONFLICT (company_id, live, subject, currency, time_zone) DO UPDATE SET\n" +
		"  day_from = excluded.day_from, day_spent = excluded.day_spent, day_reserved = excluded.day_reserved,\n  "
	week = "week_from = excluded.week_from, week_spent = excluded.week_spent, week_reserved = excluded.week_reserved,\n  "
)
