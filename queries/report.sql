-- What the pages ask of the history. An id's time part is its created_at, so the
-- primary key gives a time's rows; the exact instants are compared beside it.
-- Sums that no bigint holds stay at its edge.

-- name: ReportByKey :exec
-- For this transaction only. A window's rows lie together, by the primary key,
-- which the planner does not know: it would rather read the whole table. And a
-- plan for any window and any agent is a bad one for each. The groups of a window
-- fit into memory, where they are not sorted first.
SELECT set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true), set_config('work_mem', '16MB', true);

-- name: ReportClock :one
SELECT time_zone, clock_timestamp()::timestamptz AS now FROM companies WHERE company_id = $1;

-- name: ReportMerchantNames :many
-- How merchants were called at an instant of theirs.
SELECT w.merchant_key::text AS merchant_key, n.merchant_name, n.merchant_domain
FROM (SELECT unnest(@merchant_keys::text[]) AS merchant_key, unnest(@firsts::uuid[]) AS first, unnest(@beyonds::uuid[]) AS beyond) w
CROSS JOIN LATERAL (
  SELECT a.merchant_name, a.merchant_domain FROM authorizations a
  WHERE a.company_id = @company_id AND a.live = @live AND a.authorization_id >= w.first
    AND a.authorization_id < w.beyond AND a.merchant_key = w.merchant_key
  ORDER BY a.authorization_id DESC LIMIT 1) n;

-- name: ReportFirstPaid :many
SELECT merchant_key, first_at FROM known_merchants
WHERE company_id = $1 AND live = $2 AND merchant_key = ANY(@merchant_keys::text[]);

-- name: ReportDecidedHolds :many
-- What was held of these merchants and is decided, among the newest approvals.
SELECT p.approval_id, p.status AS approval_status, p.decided_at, a.authorization_id, a.agent_id, a.merchant_key, a.merchant_name,
  a.currency, a.requested, a.amount, a.purpose, a.status::text AS status, a.created_at
FROM (SELECT n.* FROM approvals n WHERE n.company_id = @company_id AND n.live = @live
      ORDER BY n.approval_id DESC LIMIT sqlc.arg(looked)::integer) p
JOIN authorizations a ON a.company_id = p.company_id AND a.live = p.live AND a.authorization_id = p.authorization_id
WHERE p.status <> 'pending' AND a.merchant_key = ANY(@merchant_keys::text[])
ORDER BY p.approval_id DESC;

-- name: SearchAuthorizations :many
-- Among the newest that there are before a place, those that match. The two
-- halves are one search: without an agent, and along an agent's own index. Letters
-- beyond ASCII have cases too, which takes longer to see.
SELECT a.* FROM (
  (SELECT x.* FROM authorizations x
   WHERE sqlc.narg(agent)::uuid IS NULL AND x.company_id = @company_id AND x.live = @live
     AND x.authorization_id < @before AND x.authorization_id >= @first
   ORDER BY x.authorization_id DESC LIMIT sqlc.arg(looked)::integer)
  UNION ALL
  (SELECT y.* FROM authorizations_by_agent y
   WHERE y.agent_id = sqlc.narg(agent) AND y.company_id = @company_id AND y.live = @live
     AND y.authorization_id < @before AND y.authorization_id >= @first
   ORDER BY y.authorization_id DESC LIMIT sqlc.arg(looked)::integer)
) a
WHERE (cardinality(@agents::uuid[]) = 0 OR a.agent_id = ANY(@agents::uuid[]))
  AND (sqlc.narg(statuses)::text[] IS NULL OR a.status::text = ANY(sqlc.narg(statuses)::text[]))
  AND (sqlc.narg(decision)::text IS NULL OR a.decision::text = sqlc.narg(decision))
  AND (sqlc.narg(reason_code)::text IS NULL OR a.reason_code = sqlc.narg(reason_code))
  AND (sqlc.narg(merchant)::text IS NULL OR a.merchant_key = sqlc.narg(merchant) OR lower(a.merchant_name) = lower(sqlc.narg(merchant_name)))
  AND (sqlc.narg(currency)::text IS NULL OR a.currency = sqlc.narg(currency))
  AND (sqlc.narg(rail)::text IS NULL OR a.rail::text = sqlc.narg(rail))
  AND (sqlc.narg(since)::timestamptz IS NULL OR a.created_at >= sqlc.narg(since))
  AND (sqlc.narg(until)::timestamptz IS NULL OR a.created_at < sqlc.narg(until))
  AND (sqlc.narg(pattern)::text IS NULL OR concat_ws(E'\n', a.merchant_key, a.merchant_name, a.purpose, a.reference) ILIKE sqlc.narg(pattern) COLLATE "C")
  AND (sqlc.narg(wide_pattern)::text IS NULL OR concat_ws(E'\n', a.merchant_key, a.merchant_name, a.purpose, a.reference) ILIKE sqlc.narg(wide_pattern))
ORDER BY a.authorization_id DESC LIMIT sqlc.arg(rows)::integer;

-- name: SearchedTo :one
-- The last place that a search which found too little has looked at; no row:
-- it has looked at everything.
SELECT z.authorization_id FROM (
  (SELECT x.authorization_id FROM authorizations x
   WHERE sqlc.narg(agent)::uuid IS NULL AND x.company_id = @company_id AND x.live = @live
     AND x.authorization_id < @before AND x.authorization_id >= @first
   ORDER BY x.authorization_id DESC LIMIT 1 OFFSET sqlc.arg(looked)::integer - 1)
  UNION ALL
  (SELECT y.authorization_id FROM authorizations_by_agent y
   WHERE y.agent_id = sqlc.narg(agent) AND y.company_id = @company_id AND y.live = @live
     AND y.authorization_id < @before AND y.authorization_id >= @first
   ORDER BY y.authorization_id DESC LIMIT 1 OFFSET sqlc.arg(looked)::integer - 1)
) z;

-- name: SpendingAgents :many
-- The agents that are not deleted, or those that are asked for.
SELECT agent_id, handle, name, status FROM agents
WHERE company_id = @company_id AND live = @live
  AND (agent_id = ANY(@agents::uuid[]) OR cardinality(@agents::uuid[]) = 0 AND status <> 'deleted')
ORDER BY agent_id;

-- name: MetersOfTenant :many
SELECT * FROM meters WHERE company_id = $1 AND live = $2;

-- name: ShadowSeen :many
-- The newest decisions, with why.
SELECT authorization_id, agent_id, decision::text AS decision, approval_id, currency, requested, merchant_name, created_at, explanation
FROM authorizations
WHERE company_id = @company_id AND live = @live AND authorization_id < @beyond AND authorization_id >= @first
  AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(until)
ORDER BY authorization_id DESC LIMIT sqlc.arg(looked)::integer;
