-- The audit log as the outbox of messages: what has a position and has not been
-- turned into messages yet.

-- name: OutboxTenants :many
SELECT company_id, live FROM audit_heads WHERE routed < size ORDER BY company_id, live LIMIT 1000;

-- One server at a time routes a log. Its head is not locked for it, so that
-- sealing goes on meanwhile.
-- name: OutboxTake :one
SELECT h.routed, least(h.size, h.routed + @batch::bigint)::bigint AS past
FROM audit_heads h
WHERE h.company_id = @company_id AND h.live = @live AND h.routed < h.size
  AND pg_try_advisory_xact_lock(hashtextextended('outbox ' || h.live::text || h.company_id::text, 0));

-- name: OutboxEvents :many
SELECT l.position, sqlc.embed(e)
FROM audit_leaves l
JOIN audit_events e ON e.company_id = l.company_id AND e.live = l.live AND e.event_id = l.event_id
WHERE l.company_id = @company_id AND l.live = @live AND l.position >= @first AND l.position < @past
  AND (@everything::boolean OR e.type = ANY (@types::text[]))
ORDER BY l.position;

-- name: OutboxMove :exec
UPDATE audit_heads SET routed = @past WHERE company_id = @company_id AND live = @live;
