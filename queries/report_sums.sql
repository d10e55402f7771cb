-- What the authorizations of a list add up to.

-- name: SearchSums :many
-- What SearchAuthorizations finds, added up: among the newest that there are
-- before a place.
WITH newest AS NOT MATERIALIZED (
  (SELECT x.* FROM authorizations x
   WHERE sqlc.narg(agent)::uuid IS NULL AND x.company_id = @company_id AND x.live = @live
     AND x.authorization_id < @before AND x.authorization_id >= @first
   ORDER BY x.authorization_id DESC LIMIT sqlc.arg(looked)::integer)
  UNION ALL
  (SELECT y.* FROM authorizations_by_agent y
   WHERE y.agent_id = sqlc.narg(agent) AND y.company_id = @company_id AND y.live = @live
     AND y.authorization_id < @before AND y.authorization_id >= @first
   ORDER BY y.authorization_id DESC LIMIT sqlc.arg(looked)::integer)
)
SELECT a.currency, a.status::text AS status, count(*) AS n,
  least(sum(a.requested), 9223372036854775807)::bigint AS requested,
  least(sum(a.amount - a.refunded), 9223372036854775807)::bigint AS minor
FROM newest a
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
GROUP BY a.currency, a.status
ORDER BY a.currency, a.status;

-- name: WaitingSums :many
-- What waits for people, by currency.
SELECT currency, count(*) AS n, least(sum(amount), 9223372036854775807)::bigint AS minor
FROM authorizations
WHERE company_id = $1 AND live = $2 AND status = 'held' AND expires_at IS NOT NULL
GROUP BY currency ORDER BY currency;
