-- Webhook endpoints, and what was delivered to them.

-- name: WebhookInsert :one
INSERT INTO webhook_endpoints (company_id, live, webhook_id, url, description, events, enabled, secret, created_by)
SELECT @company_id, @live, @webhook_id, @url, @description, @events, @enabled, @secret, @created_by
WHERE (SELECT count(*) FROM webhook_endpoints e WHERE e.company_id = @company_id AND e.live = @live) < @most::bigint
RETURNING *;

-- name: WebhookList :many
SELECT * FROM webhook_endpoints
WHERE company_id = @company_id AND live = @live AND (sqlc.narg(before)::uuid IS NULL OR webhook_id < sqlc.narg(before))
ORDER BY webhook_id DESC LIMIT @max_rows;

-- name: WebhookGet :one
SELECT * FROM webhook_endpoints WHERE company_id = $1 AND live = $2 AND webhook_id = $3;

-- Whoever enables an endpoint gives it a fresh start.
-- name: WebhookUpdate :one
UPDATE webhook_endpoints
SET url = @url, description = @description, events = @events, enabled = @enabled, updated_at = clock_timestamp(),
    disabled_reason = CASE WHEN @enabled OR enabled THEN '' ELSE disabled_reason END,
    failing_since = CASE WHEN @enabled AND NOT enabled THEN NULL ELSE failing_since END
WHERE company_id = @company_id AND live = @live AND webhook_id = @webhook_id
RETURNING *;

-- name: WebhookDelete :execrows
DELETE FROM webhook_endpoints WHERE company_id = $1 AND live = $2 AND webhook_id = $3;

-- name: WebhookRotate :one
UPDATE webhook_endpoints
SET old_secret = secret, old_until = clock_timestamp() + make_interval(secs => @grace::float8), secret = @secret, updated_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live AND webhook_id = @webhook_id
RETURNING *;

-- What the outbox asks of every tenant with news.
-- name: WebhookListeners :many
SELECT webhook_id, events, created_at FROM webhook_endpoints
WHERE company_id = $1 AND live = $2 AND enabled;

-- name: WebhookDeliveriesInsert :exec
INSERT INTO webhook_deliveries (company_id, live, delivery_id, webhook_id, event, type, body)
SELECT @company_id, @live, d.delivery_id, d.webhook_id, d.event, d.type, d.body
FROM (SELECT unnest(@delivery_ids::uuid[]) AS delivery_id, unnest(@webhook_ids::uuid[]) AS webhook_id,
             unnest(@event_ids::text[]) AS event, unnest(@types::text[]) AS type, unnest(@bodies::text[]) AS body) d;

-- name: WebhookDeliveryList :many
SELECT * FROM webhook_deliveries
WHERE company_id = @company_id AND live = @live AND webhook_id = @webhook_id
  AND (sqlc.narg(status)::text IS NULL OR status = sqlc.narg(status))
  AND (sqlc.narg(before)::uuid IS NULL OR delivery_id < sqlc.narg(before))
ORDER BY delivery_id DESC LIMIT @max_rows;

-- name: WebhookDeliveryGet :one
SELECT d.* FROM webhook_deliveries d
JOIN webhook_endpoints e ON e.company_id = d.company_id AND e.live = d.live AND e.webhook_id = d.webhook_id
WHERE d.company_id = $1 AND d.live = $2 AND d.delivery_id = $3;

-- name: WebhookAttempts :many
SELECT * FROM webhook_attempts
WHERE company_id = @company_id AND live = @live AND delivery_id = ANY (@delivery_ids::uuid[])
ORDER BY delivery_id, number;

-- name: WebhookReplay :one
UPDATE webhook_deliveries SET status = 'pending', tries = 0, ended_at = NULL,
    next_at = CASE WHEN status = 'pending' AND next_at > clock_timestamp() AND tries = 0 THEN next_at ELSE clock_timestamp() END
WHERE company_id = $1 AND live = $2 AND delivery_id = $3
RETURNING *;

-- Takes a delivery for one attempt: nobody else makes one before the lease ends.
-- No row when there is nothing to do now.
-- name: WebhookClaim :one
UPDATE webhook_deliveries d SET next_at = clock_timestamp() + make_interval(secs => @lease::float8)
FROM webhook_endpoints e
WHERE d.company_id = @company_id AND d.live = @live AND d.delivery_id = @delivery_id
  AND d.status = 'pending' AND d.next_at <= clock_timestamp()
  AND e.company_id = d.company_id AND e.live = d.live AND e.webhook_id = d.webhook_id AND e.enabled
RETURNING sqlc.embed(d), sqlc.embed(e), clock_timestamp()::timestamptz AS now;

-- Why there was nothing to claim.
-- name: WebhookWait :one
SELECT d.status, coalesce(e.enabled, false)::boolean AS enabled,
       greatest(0, extract(epoch FROM d.next_at - clock_timestamp()))::float8 AS seconds
FROM webhook_deliveries d
LEFT JOIN webhook_endpoints e ON e.company_id = d.company_id AND e.live = d.live AND e.webhook_id = d.webhook_id
WHERE d.company_id = $1 AND d.live = $2 AND d.delivery_id = $3;

-- name: WebhookCancel :exec
UPDATE webhook_deliveries SET status = 'canceled', ended_at = clock_timestamp()
WHERE company_id = $1 AND live = $2 AND delivery_id = $3 AND status = 'pending';

-- name: WebhookAttempted :one
UPDATE webhook_deliveries
SET status = @outcome, attempts = attempts + 1, tries = tries + 1,
    next_at = clock_timestamp() + make_interval(secs => @wait::float8),
    ended_at = CASE WHEN @outcome = 'pending' THEN NULL ELSE clock_timestamp() END
WHERE company_id = @company_id AND live = @live AND delivery_id = @delivery_id
RETURNING attempts;

-- name: WebhookAttemptInsert :exec
INSERT INTO webhook_attempts (company_id, live, delivery_id, number, started_at, took_ms, status, trouble, answer)
VALUES (@company_id, @live, @delivery_id, @number, @started_at, @took_ms, sqlc.narg(status), @trouble, @answer);

-- name: WebhookWorks :exec
UPDATE webhook_endpoints SET failing_since = NULL
WHERE company_id = $1 AND live = $2 AND webhook_id = $3 AND failing_since IS NOT NULL;

-- Notes a failure, and says whether there has been nothing else for too long.
-- name: WebhookFails :one
UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, clock_timestamp())
WHERE company_id = @company_id AND live = @live AND webhook_id = @webhook_id
RETURNING (failing_since < clock_timestamp() - make_interval(secs => @patience::float8))::boolean AS hopeless;

-- name: WebhookDisable :execrows
UPDATE webhook_endpoints SET enabled = false, disabled_reason = @reason, updated_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live AND webhook_id = @webhook_id AND enabled;

-- name: WebhookPrune :execrows
DELETE FROM webhook_deliveries d
USING (SELECT o.company_id, o.live, o.delivery_id FROM webhook_deliveries o
       WHERE o.created_at < clock_timestamp() - make_interval(secs => @age::float8) ORDER BY o.created_at LIMIT 1000) old
WHERE d.company_id = old.company_id AND d.live = old.live AND d.delivery_id = old.delivery_id;
