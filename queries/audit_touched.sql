-- What something happened to lately.

-- name: AuditSize :one
SELECT coalesce((SELECT size FROM audit_heads WHERE company_id = $1 AND live = $2), 0)::bigint AS size;

-- name: AuditTouched :many
-- The subjects of events from a position on, and of those that have none yet.
(SELECT e.subject FROM audit_leaves l
 JOIN audit_events e ON e.company_id = l.company_id AND e.live = l.live AND e.event_id = l.event_id
 WHERE l.company_id = @company_id AND l.live = @live AND l.first > @above AND l.position >= @position
   AND starts_with(e.type, @kind))
UNION ALL
(SELECT e.subject FROM audit_pending p CROSS JOIN LATERAL unnest(p.event_ids) AS w(event_id)
 JOIN audit_events e ON e.company_id = p.company_id AND e.live = p.live AND e.event_id = w.event_id
 WHERE p.company_id = @company_id AND p.live = @live AND starts_with(e.type, @kind))
LIMIT @most;
