-- name: MeterScopes :many
SELECT kind, scope_id, currency, time_zone, state, agents FROM meter_scopes
WHERE company_id = $1 AND live = $2;

-- name: LockMeterPreparation :exec
-- One preparation at a time in a company mode, held until the transaction ends.
SELECT pg_advisory_xact_lock(@hash::bigint);

-- name: InsertMeterScope :exec
INSERT INTO meter_scopes (company_id, live, kind, scope_id, currency, time_zone, state, agents)
VALUES ($1, $2, $3, $4, $5, $6, 'building', $7)
ON CONFLICT (company_id, live, kind, scope_id, currency, time_zone) DO NOTHING;

-- name: MarkMeterScopeReady :exec
UPDATE meter_scopes SET state = 'ready'
WHERE company_id = $1 AND live = $2 AND kind = $3 AND scope_id = $4 AND currency = $5 AND time_zone = $6;

-- name: DeleteMeterScope :exec
DELETE FROM meter_scopes
WHERE company_id = $1 AND live = $2 AND kind = $3 AND scope_id = $4 AND currency = $5 AND time_zone = $6;

-- name: DeleteMetersOfAgents :exec
DELETE FROM meters m
WHERE m.company_id = $1 AND m.live = $2 AND m.currency = $3 AND m.time_zone = $4
  AND EXISTS (SELECT FROM agents a WHERE a.company_id = m.company_id AND a.live = m.live AND a.agent_id = m.subject);

-- name: AgentsAfter :many
SELECT agent_id FROM agents
WHERE company_id = $1 AND live = $2 AND agent_id > $3
ORDER BY agent_id LIMIT 500;

-- name: LockAgentsForMeters :many
SELECT agent_id FROM agents
WHERE company_id = @company_id AND live = @live AND agent_id = ANY(@agents::uuid[])
ORDER BY agent_id FOR NO KEY UPDATE;

-- name: MetersOfSubjects :many
SELECT m.* FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
                        unnest(@subjects::uuid[]) AS subject) w
JOIN meters m ON m.company_id = w.company_id AND m.live = w.live AND m.subject = w.subject;

-- name: LockMeters :many
-- Shared meters, in the one order that every transaction keeps.
SELECT m.* FROM meters m
WHERE (m.company_id, m.live, m.subject, m.currency, m.time_zone) IN (
  SELECT unnest(@companies::uuid[]), unnest(@lives::boolean[]), unnest(@subjects::uuid[]),
         unnest(@currencies::text[]), unnest(@time_zones::text[]))
ORDER BY m.company_id, m.live, m.subject, m.currency, m.time_zone
FOR NO KEY UPDATE;

-- name: WriteMeters :exec
-- Absolute values: the caller holds the agent's row or the meter's own.
INSERT INTO meters (company_id, live, subject, currency, time_zone,
  day_from, day_spent, day_reserved, week_from, week_spent, week_reserved,
  month_from, month_spent, month_reserved, quarter_from, quarter_spent, quarter_reserved,
  year_from, year_spent, year_reserved, total_spent, total_reserved)
SELECT unnest(@companies::uuid[]), unnest(@lives::boolean[]), unnest(@subjects::uuid[]),
  unnest(@currencies::text[]), unnest(@time_zones::text[]),
  unnest(@day_froms::timestamptz[]), unnest(@day_spents::bigint[]), unnest(@day_reserveds::bigint[]),
  unnest(@week_froms::timestamptz[]), unnest(@week_spents::bigint[]), unnest(@week_reserveds::bigint[]),
  unnest(@month_froms::timestamptz[]), unnest(@month_spents::bigint[]), unnest(@month_reserveds::bigint[]),
  unnest(@quarter_froms::timestamptz[]), unnest(@quarter_spents::bigint[]), unnest(@quarter_reserveds::bigint[]),
  unnest(@year_froms::timestamptz[]), unnest(@year_spents::bigint[]), unnest(@year_reserveds::bigint[]),
  unnest(@total_spents::bigint[]), unnest(@total_reserveds::bigint[])
ON CONFLICT (company_id, live, subject, currency, time_zone) DO UPDATE SET
  day_from = excluded.day_from, day_spent = excluded.day_spent, day_reserved = excluded.day_reserved,
  week_from = excluded.week_from, week_spent = excluded.week_spent, week_reserved = excluded.week_reserved,
  month_from = excluded.month_from, month_spent = excluded.month_spent, month_reserved = excluded.month_reserved,
  quarter_from = excluded.quarter_from, quarter_spent = excluded.quarter_spent, quarter_reserved = excluded.quarter_reserved,
  year_from = excluded.year_from, year_spent = excluded.year_spent, year_reserved = excluded.year_reserved,
  total_spent = excluded.total_spent, total_reserved = excluded.total_reserved;

-- name: WriteMeter :exec
-- WriteMeters of one.
INSERT INTO meters (company_id, live, subject, currency, time_zone,
  day_from, day_spent, day_reserved, week_from, week_spent, week_reserved,
  month_from, month_spent, month_reserved, quarter_from, quarter_spent, quarter_reserved,
  year_from, year_spent, year_reserved, total_spent, total_reserved)
VALUES (@company_id, @live, @subject, @currency, @time_zone,
  @day_from, @day_spent, @day_reserved, @week_from, @week_spent, @week_reserved,
  @month_from, @month_spent, @month_reserved, @quarter_from, @quarter_spent, @quarter_reserved,
  @year_from, @year_spent, @year_reserved, @total_spent, @total_reserved)
ON CONFLICT (company_id, live, subject, currency, time_zone) DO UPDATE SET
  day_from = excluded.day_from, day_spent = excluded.day_spent, day_reserved = excluded.day_reserved,
  week_from = excluded.week_from, week_spent = excluded.week_spent, week_reserved = excluded.week_reserved,
  month_from = excluded.month_from, month_spent = excluded.month_spent, month_reserved = excluded.month_reserved,
  quarter_from = excluded.quarter_from, quarter_spent = excluded.quarter_spent, quarter_reserved = excluded.quarter_reserved,
  year_from = excluded.year_from, year_spent = excluded.year_spent, year_reserved = excluded.year_reserved,
  total_spent = excluded.total_spent, total_reserved = excluded.total_reserved;

-- name: HistoryOfAgents :many
-- What each agent's authorizations add up to since the start of each window.
WITH history AS (
  SELECT agent_id, created_at,
    CASE WHEN status = 'confirmed' THEN amount ELSE coalesce(captured, 0) END - refunded AS spent,
    CASE WHEN status = 'confirmed' THEN 0 ELSE amount - coalesce(captured, 0) END AS reserved
  FROM authorizations
  WHERE agent_id = ANY(@agents::uuid[]) AND company_id = @company_id AND live = @live
    AND currency = @currency AND status IN ('pending', 'held', 'confirmed') AND (decision <> 'DENIED' OR approval_id IS NOT NULL)
)
SELECT agent_id,
  coalesce(sum(CASE WHEN created_at >= @day_from THEN spent ELSE 0 END), 0)::bigint AS day_spent,
  coalesce(sum(CASE WHEN created_at >= @day_from THEN reserved ELSE 0 END), 0)::bigint AS day_reserved,
  coalesce(sum(CASE WHEN created_at >= @week_from THEN spent ELSE 0 END), 0)::bigint AS week_spent,
  coalesce(sum(CASE WHEN created_at >= @week_from THEN reserved ELSE 0 END), 0)::bigint AS week_reserved,
  coalesce(sum(CASE WHEN created_at >= @month_from THEN spent ELSE 0 END), 0)::bigint AS month_spent,
  coalesce(sum(CASE WHEN created_at >= @month_from THEN reserved ELSE 0 END), 0)::bigint AS month_reserved,
  coalesce(sum(CASE WHEN created_at >= @quarter_from THEN spent ELSE 0 END), 0)::bigint AS quarter_spent,
  coalesce(sum(CASE WHEN created_at >= @quarter_from THEN reserved ELSE 0 END), 0)::bigint AS quarter_reserved,
  coalesce(sum(CASE WHEN created_at >= @year_from THEN spent ELSE 0 END), 0)::bigint AS year_spent,
  coalesce(sum(CASE WHEN created_at >= @year_from THEN reserved ELSE 0 END), 0)::bigint AS year_reserved,
  coalesce(sum(spent), 0)::bigint AS total_spent, coalesce(sum(reserved), 0)::bigint AS total_reserved
FROM history
GROUP BY agent_id;

-- name: DatabaseClock :one
SELECT clock_timestamp()::timestamptz;

-- name: TakeTime :exec
-- For this transaction only: adding up a long history may take longer than a
-- request may.
SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('lock_timeout', '0', true);
