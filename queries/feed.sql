-- Who follows a log asks here, once for all the logs that are followed.

-- name: FeedSizes :many
SELECT h.company_id, h.live, h.size
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live) w
JOIN audit_heads h ON h.company_id = w.company_id AND h.live = w.live;

-- name: FeedEvents :many
SELECT l.position, sqlc.embed(e)
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@firsts::bigint[]) AS first, unnest(@pasts::bigint[]) AS past) w
JOIN audit_leaves l ON l.company_id = w.company_id AND l.live = w.live AND l.position >= w.first AND l.position < w.past
JOIN audit_events e ON e.company_id = l.company_id AND e.live = l.live AND e.event_id = l.event_id
ORDER BY l.company_id, l.live, l.position;
