-- The append-only log of what changed, and its positions. Tenant-scoped but
-- for AuditTenantsWithPending, which the background sequencer asks.

-- name: AppendAudit :exec
WITH written AS (
  INSERT INTO audit_events (company_id, live, event_id, type, actor, agent_id, subject, data, request_id, created_at)
  SELECT company_id, live, event_id, type, actor,
    nullif(agent_id, '00000000-0000-0000-0000-000000000000'::uuid),
    subject, data::json, request_id,
    coalesce(nullif(at, '0001-01-01 00:00:00Z'::timestamptz), clock_timestamp())
  FROM (SELECT unnest(@company_ids::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
    unnest(@event_ids::uuid[]) AS event_id, unnest(@types::text[]) AS type,
    unnest(@actors::text[]) AS actor, unnest(@agent_ids::uuid[]) AS agent_id,
    unnest(@subjects::text[]) AS subject, unnest(@datas::text[]) AS data,
    unnest(@request_ids::text[]) AS request_id, unnest(@ats::timestamptz[]) AS at) AS u
  RETURNING company_id, live, event_id
)
INSERT INTO audit_pending (company_id, live, event_id)
SELECT company_id, live, event_id FROM written;

-- A walk from tenant to tenant over the index, however many rows each has.
-- name: AuditTenantsWithPending :many
WITH RECURSIVE walk AS (
  (SELECT p.company_id, p.live FROM audit_pending p ORDER BY p.company_id, p.live LIMIT 1)
  UNION ALL
  SELECT n.company_id, n.live FROM walk w
  CROSS JOIN LATERAL (
    SELECT p.company_id, p.live FROM audit_pending p
    WHERE (p.company_id, p.live) > (w.company_id, w.live)
    ORDER BY p.company_id, p.live LIMIT 1) n
)
SELECT company_id, live FROM walk;

-- name: AuditHasPending :one
SELECT EXISTS (SELECT FROM audit_pending WHERE company_id = $1 AND live = $2);

-- The head with the last leaf and the last hash behind it, of one moment. A
-- log that was never sealed has size 0.
-- name: AuditSealedHead :one
SELECT coalesce(h.size, 0)::bigint AS size, coalesce(h.root, sha256('')) AS root,
  (SELECT coalesce(max(position), -1)::bigint FROM audit_leaves l WHERE l.company_id = @company_id AND l.live = @live) AS last_position,
  (SELECT coalesce(max(number), -1)::bigint FROM audit_hashes i WHERE i.company_id = @company_id AND i.live = @live) AS last_number
FROM (SELECT) one LEFT JOIN audit_heads h ON h.company_id = @company_id AND h.live = @live;

-- name: AuditEnsureHead :exec
INSERT INTO audit_heads (company_id, live, size, root, sealed_at)
VALUES ($1, $2, 0, sha256(''), clock_timestamp()) ON CONFLICT DO NOTHING;

-- name: AuditLockHead :one
SELECT true FROM audit_heads WHERE company_id = $1 AND live = $2 FOR UPDATE;

-- name: AuditTryLockHead :one
SELECT true FROM audit_heads WHERE company_id = $1 AND live = $2 FOR UPDATE SKIP LOCKED;

-- name: AuditTakePending :many
SELECT event_id FROM audit_pending WHERE company_id = $1 AND live = $2 ORDER BY event_id LIMIT $3;

-- name: AuditInsertLeaves :exec
INSERT INTO audit_leaves (company_id, live, position, event_id, leaf_hash)
SELECT @company_id, @live, u.position, u.event_id, u.leaf_hash
FROM (SELECT unnest(@positions::bigint[]) AS position, unnest(@event_ids::uuid[]) AS event_id,
  unnest(@leaf_hashes::bytea[]) AS leaf_hash) AS u;

-- name: AuditInsertHashes :exec
INSERT INTO audit_hashes (company_id, live, number, hash)
SELECT @company_id, @live, u.number, u.hash
FROM (SELECT unnest(@numbers::bigint[]) AS number, unnest(@hashes::bytea[]) AS hash) AS u;

-- name: AuditDeletePending :exec
DELETE FROM audit_pending WHERE company_id = @company_id AND live = @live AND event_id = ANY (@event_ids::uuid[]);

-- name: AuditMoveHead :exec
UPDATE audit_heads SET size = @size, root = @root, sealed_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live;

-- name: AuditPosition :one
SELECT position FROM audit_leaves WHERE company_id = $1 AND live = $2 AND event_id = $3;

-- name: AuditLeafRange :many
SELECT position, event_id, leaf_hash FROM audit_leaves
WHERE company_id = @company_id AND live = @live AND position >= @first AND position < @past
ORDER BY position;

-- name: AuditHashRange :many
SELECT number, hash FROM audit_hashes
WHERE company_id = @company_id AND live = @live AND number >= @first AND number < @past
ORDER BY number;

-- name: AuditHashesByNumber :many
SELECT number, hash FROM audit_hashes
WHERE company_id = @company_id AND live = @live AND number = ANY (@numbers::bigint[]);

-- name: AuditEventsByID :many
SELECT * FROM audit_events
WHERE company_id = @company_id AND live = @live AND event_id = ANY (@event_ids::uuid[]);

-- Whether each event has a position or waits for one, in one snapshot.
-- name: AuditPlaced :many
SELECT e.event_id,
  EXISTS (SELECT FROM audit_leaves l WHERE l.company_id = e.company_id AND l.live = e.live AND l.event_id = e.event_id) AS placed,
  EXISTS (SELECT FROM audit_pending p WHERE p.company_id = e.company_id AND p.live = e.live AND p.event_id = e.event_id) AS waiting
FROM audit_events e
WHERE e.company_id = $1 AND e.live = $2 AND e.event_id > $3
ORDER BY e.event_id LIMIT $4;

-- Events that wait, and among them those that are no events.
-- name: AuditWaiting :one
SELECT count(*) AS waiting,
  count(*) FILTER (WHERE NOT EXISTS (SELECT FROM audit_events e
    WHERE e.company_id = p.company_id AND e.live = p.live AND e.event_id = p.event_id)) AS missing
FROM audit_pending p WHERE p.company_id = $1 AND p.live = $2;

-- Of these events, those that the filter picks. Which events there are to
-- look at is asked first, so that no plan ever reads the whole log at once.
-- name: AuditMatching :many
SELECT * FROM audit_events
WHERE company_id = @company_id AND live = @live AND event_id = ANY (@event_ids::uuid[])
  AND (sqlc.narg(agent_id)::uuid IS NULL OR agent_id = sqlc.narg(agent_id))
  AND (sqlc.narg(type)::text IS NULL OR type = sqlc.narg(type))
  AND starts_with(type, @type_prefix)
  AND (sqlc.narg(actor)::text IS NULL OR actor = sqlc.narg(actor))
  AND (sqlc.narg(from_at)::timestamptz IS NULL OR created_at >= sqlc.narg(from_at))
  AND (sqlc.narg(to_at)::timestamptz IS NULL OR created_at < sqlc.narg(to_at));

-- Where in the log a time is: ids rise with time, and so do positions, but for
-- the length of a transaction. No row: the log ends before, or begins after.
-- name: AuditFirstFrom :one
SELECT position FROM audit_leaves
WHERE company_id = $1 AND live = $2 AND event_id >= $3 ORDER BY event_id LIMIT 1;

-- name: AuditLastBefore :one
SELECT position FROM audit_leaves
WHERE company_id = $1 AND live = $2 AND event_id < $3 ORDER BY event_id DESC LIMIT 1;
