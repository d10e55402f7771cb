-- Who follows a log asks here, once for all the logs that are followed.

-- name: FeedSizes :many
SELECT h.company_id, h.live, h.size
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live) w
JOIN audit_heads h ON h.company_id = w.company_id AND h.live = w.live;

-- name: FeedEvents :many
SELECT l.position, e.*
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@firsts::bigint[]) AS first, unnest(@pasts::bigint[]) AS past) w
JOIN audit_leaves l ON l.company_id = w.company_id AND l.live = w.live AND l.first > w.first - 160 AND l.first < w.past
  AND l.position >= w.first AND l.position < w.past
CROSS JOIN LATERAL (SELECT * FROM audit_events a
  WHERE a.company_id = l.company_id AND a.live = l.live AND a.event_id = l.event_id OFFSET 0) e
ORDER BY l.company_id, l.live, l.position;
