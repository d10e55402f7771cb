-- What a replay of a company's history reads. All of it in one snapshot.

-- name: CountToReplay :one
SELECT count(*) FROM authorizations
WHERE company_id = @company_id AND live = @live AND authorization_id >= @first AND authorization_id < @beyond
  AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(until);

-- name: PageToReplay :many
-- Ids sort by the millisecond of the decision.
SELECT authorization_id, agent_id, status, decision, reason_code, currency, requested, amount, refunded,
  merchant_name, merchant_mcc, merchant_country, merchant_domain, merchant_key, rail, purpose,
  coalesce(CASE WHEN @with_metadata::boolean THEN metadata::text END, '')::text AS metadata, created_at, closed_at, approval_id
FROM authorizations
WHERE company_id = @company_id AND live = @live AND authorization_id > @after AND authorization_id < @beyond
  AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(until)
ORDER BY authorization_id LIMIT sqlc.arg(rows)::integer;

-- name: OpenAt :many
-- What held a budget at an instant, and what became of it.
SELECT authorization_id, agent_id, status, currency, requested, amount, refunded, merchant_key, created_at, closed_at
FROM authorizations
WHERE company_id = @company_id AND live = @live AND authorization_id < @beyond AND created_at < sqlc.arg(instant)
  AND (closed_at >= sqlc.arg(instant) OR closed_at IS NULL) AND (decision <> 'DENIED' OR approval_id IS NOT NULL);

-- name: CountedBetween :many
-- What velocity and duplicate rules saw shortly before an instant.
SELECT agent_id, status, currency, requested, merchant_key, created_at, closed_at
FROM authorizations
WHERE company_id = @company_id AND live = @live AND authorization_id >= @first AND authorization_id < @beyond
  AND created_at >= sqlc.arg(since) AND created_at < sqlc.arg(until) AND (decision <> 'DENIED' OR approval_id IS NOT NULL)
ORDER BY authorization_id;

-- name: SpentBefore :many
-- What each agent had spent, for good, in the windows that ran at an instant.
WITH spent AS (
  SELECT agent_id, created_at, amount - refunded AS minor FROM authorizations
  WHERE company_id = @company_id AND live = @live AND currency = @currency AND authorization_id < @beyond
    AND status = 'confirmed' AND closed_at < @before
)
SELECT agent_id,
  coalesce(sum(minor) FILTER (WHERE created_at >= @day_from), 0)::bigint AS day,
  coalesce(sum(minor) FILTER (WHERE created_at >= @week_from), 0)::bigint AS week,
  coalesce(sum(minor) FILTER (WHERE created_at >= @month_from), 0)::bigint AS month,
  coalesce(sum(minor) FILTER (WHERE created_at >= @quarter_from), 0)::bigint AS quarter,
  coalesce(sum(minor) FILTER (WHERE created_at >= @year_from), 0)::bigint AS year,
  coalesce(sum(minor), 0)::bigint AS total
FROM spent GROUP BY agent_id;

-- name: MerchantsKnownBefore :many
SELECT merchant_key FROM known_merchants WHERE company_id = $1 AND live = $2 AND first_at < $3;

-- name: AgentHandles :many
SELECT agent_id, handle FROM agents WHERE company_id = $1 AND live = $2;
