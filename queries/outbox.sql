-- The audit log as the outbox of messages: what has a position and has not been
-- turned into messages yet.

-- name: OutboxTenants :many
SELECT company_id, live FROM audit_heads WHERE routed < size ORDER BY company_id, live LIMIT 1000;

-- One server at a time routes a log. Its head is not locked for it, so that
-- sealing goes on meanwhile. What is to be routed is asked afterwards: a statement
-- sees what had been committed when it began.
-- name: OutboxLock :one
SELECT pg_try_advisory_xact_lock(hashtextextended('outbox ' || (@live::boolean)::text || (@company_id::uuid)::text, 0));

-- name: OutboxTake :one
SELECT h.routed, least(h.size, h.routed + @batch::bigint)::bigint AS past
FROM audit_heads h
WHERE h.company_id = @company_id AND h.live = @live AND h.routed < h.size;

-- OFFSET 0: each is asked for by the primary key, whatever the planner knows.
-- name: OutboxEvents :many
SELECT e.* FROM (SELECT unnest(@event_ids::uuid[]) AS event_id) u
CROSS JOIN LATERAL (SELECT * FROM audit_events a
  WHERE a.company_id = @company_id AND a.live = @live AND a.event_id = u.event_id OFFSET 0) e
WHERE @everything::boolean OR e.type = ANY (@types::text[]);

-- name: OutboxMove :exec
UPDATE audit_heads SET routed = @past WHERE company_id = @company_id AND live = @live;
