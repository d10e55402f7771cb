-- Events of one thing.

-- name: AuditAbout :many
-- The events of a subject that were made at one of some instants. An event's id
-- begins with its instant, so the primary key gives each at once.
SELECT e.* FROM (SELECT unnest(@firsts::uuid[]) AS first, unnest(@beyonds::uuid[]) AS beyond) w
JOIN audit_events e ON e.company_id = @company_id AND e.live = @live
  AND e.event_id >= w.first AND e.event_id < w.beyond
WHERE e.subject = @subject
ORDER BY e.event_id;
