-- What the history adds up to, in the smallest parts that a page asks for.

-- name: ReportCells :many
-- An id's time part is its created_at, so the primary key gives a stretch's rows;
-- the exact instants are compared beside it. Sums that no bigint holds stay at
-- its edge.
SELECT w.place::integer AS place, c.*
FROM (SELECT generate_subscripts(@firsts::uuid[], 1) AS place, unnest(@firsts::uuid[]) AS first, unnest(@beyonds::uuid[]) AS beyond,
        unnest(@sinces::timestamptz[]) AS since, unnest(@untils::timestamptz[]) AS until) w
CROSS JOIN LATERAL (
  SELECT a.currency, a.status::text AS status, a.agent_id, a.merchant_key,
    (CASE WHEN a.status = 'denied' THEN a.reason_code ELSE '' END)::text AS reason_code, count(*) AS n,
    least(sum(a.amount - a.refunded), 9223372036854775807)::bigint AS minor,
    min(a.created_at)::timestamptz AS first_at, max(a.created_at)::timestamptz AS last_at
  FROM authorizations a
  WHERE a.company_id = @company_id AND a.live = @live AND a.authorization_id >= w.first AND a.authorization_id < w.beyond
    AND a.created_at >= w.since AND a.created_at < w.until
  GROUP BY 1, 2, 3, 4, 5) c;
