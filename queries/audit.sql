-- The append-only log of what changed, and its positions. Tenant-scoped but
-- for AuditTenantsWithPending, which the background sequencer asks.

-- name: AppendAudit :exec
-- The events, and that they wait.
WITH written AS (
  INSERT INTO audit_events (company_id, live, event_id, type, actor, agent_id, subject, data, request_id, created_at)
  SELECT r.company_id, r.live, r.event_id, r.type, r.actor, r.agent_id, r.subject, r.data::json, r.request_id,
    coalesce(r.created_at, clock_timestamp())
  FROM unnest(@events::event_row[]) r
)
INSERT INTO audit_pending (company_id, live, first_id, event_ids)
SELECT w.company_id, w.live, w.event_ids[1], w.event_ids FROM unnest(@waiting::waiting_row[]) w;

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

-- The head with what is stored behind it, of one moment: the last leaf, the last
-- hash, the highest id of the tiles. A log that was never sealed has size 0.
-- name: AuditSealedHead :one
SELECT coalesce(h.size, 0)::bigint AS size, coalesce(h.root, sha256('')) AS root,
  coalesce((SELECT r.first + cardinality(r.event_ids) FROM audit_runs r
    WHERE r.company_id = @company_id AND r.live = @live ORDER BY r.first DESC LIMIT 1), 0)::bigint AS runs_end,
  coalesce((SELECT t.first + 160 FROM audit_tiles t
    WHERE t.company_id = @company_id AND t.live = @live ORDER BY t.first DESC LIMIT 1), 0)::bigint AS tiles_end,
  coalesce((SELECT t.top FROM audit_tiles t
    WHERE t.company_id = @company_id AND t.live = @live ORDER BY t.first DESC LIMIT 1), '00000000-0000-0000-0000-000000000000')::uuid AS top,
  (SELECT coalesce(max(number), -1)::bigint FROM audit_hashes i WHERE i.company_id = @company_id AND i.live = @live) AS last_number
FROM (SELECT) one LEFT JOIN audit_heads h ON h.company_id = @company_id AND h.live = @live;

-- One process at a time seals a log. Its head is not locked for it, so that who
-- notes something else there does not wait.
-- name: AuditLock :one
SELECT true FROM pg_advisory_xact_lock(hashtextextended('seal ' || (@live::boolean)::text || (@company_id::uuid)::text, 0));

-- name: AuditTryLock :one
SELECT pg_try_advisory_xact_lock(hashtextextended('seal ' || (@live::boolean)::text || (@company_id::uuid)::text, 0));

-- The transactions with the lowest ids, until they have so many events.
-- name: AuditTakePending :many
SELECT first_id, event_ids FROM (
  SELECT p.first_id, p.event_ids, sum(cardinality(p.event_ids)) OVER (ORDER BY p.first_id) - cardinality(p.event_ids) AS before
  FROM (SELECT first_id, event_ids FROM audit_pending WHERE company_id = @company_id AND live = @live ORDER BY first_id LIMIT @most) p
) w WHERE before < @most;

-- name: AuditInsertTile :exec
INSERT INTO audit_tiles (company_id, live, first, top, low, types, event_ids, leaf_hashes)
VALUES (@company_id, @live, @first, @top, @low, @types, @event_ids, @leaf_hashes);

-- name: AuditInsertStrays :exec
INSERT INTO audit_strays (company_id, live, event_id, position)
SELECT @company_id, @live, u.event_id, u.position
FROM (SELECT unnest(@event_ids::uuid[]) AS event_id, unnest(@positions::bigint[]) AS position) AS u;

-- name: AuditInsertRun :exec
INSERT INTO audit_runs (company_id, live, first, types, event_ids, leaf_hashes)
VALUES (@company_id, @live, @first, @types, @event_ids, @leaf_hashes);

-- name: AuditGrowRun :exec
UPDATE audit_runs SET types = @types, event_ids = @event_ids, leaf_hashes = @leaf_hashes
WHERE company_id = @company_id AND live = @live AND first = @first;

-- What is in tiles now.
-- name: AuditDeleteRuns :exec
DELETE FROM audit_runs WHERE company_id = @company_id AND live = @live AND first < @past;

-- name: AuditInsertHashes :exec
INSERT INTO audit_hashes (company_id, live, number, hash)
SELECT @company_id, @live, u.number, u.hash
FROM (SELECT unnest(@numbers::bigint[]) AS number, unnest(@hashes::bytea[]) AS hash) AS u;

-- name: AuditDeletePending :exec
DELETE FROM audit_pending WHERE company_id = @company_id AND live = @live AND first_id = ANY (@first_ids::uuid[]);

-- name: AuditMoveHead :exec
INSERT INTO audit_heads (company_id, live, size, root, sealed_at)
VALUES (@company_id, @live, @size, @root, clock_timestamp())
ON CONFLICT (company_id, live) DO UPDATE SET size = excluded.size, root = excluded.root, sealed_at = excluded.sealed_at;

-- name: AuditPosition :one
SELECT coalesce(audit_position(@company_id, @live, @event_id), -1)::bigint AS position;

-- Whether one of the events has a position.
-- name: AuditAnyPlaced :one
SELECT EXISTS (SELECT FROM (SELECT unnest(@event_ids::uuid[]) AS event_id) u WHERE audit_position(@company_id, @live, u.event_id) IS NOT NULL);

-- The tiles and runs that begin from first to before past. A run has no top.
-- name: AuditBlocks :many
SELECT first, top, low, types, event_ids, leaf_hashes FROM audit_tiles t
WHERE t.company_id = @company_id AND t.live = @live AND t.first >= @first AND t.first < @past
UNION ALL
SELECT first, '00000000-0000-0000-0000-000000000000'::uuid, '00000000-0000-0000-0000-000000000000'::uuid, types, event_ids, leaf_hashes FROM audit_runs r
WHERE r.company_id = @company_id AND r.live = @live AND r.first >= @first AND r.first < @past
ORDER BY first;

-- The ids in those of them that have an event of one of the types, or of one
-- that begins with the prefix, if there is one.
-- name: AuditIDs :many
SELECT first, event_ids FROM audit_tiles t
WHERE t.company_id = @company_id AND t.live = @live AND t.first >= @first AND t.first < @past
  AND (@everything::boolean OR t.types && @types::text[]
    OR @prefix::text <> '' AND EXISTS (SELECT FROM unnest(t.types) AS name WHERE starts_with(name, @prefix)))
UNION ALL
SELECT first, event_ids FROM audit_runs r
WHERE r.company_id = @company_id AND r.live = @live AND r.first >= @first AND r.first < @past
  AND (@everything::boolean OR r.types && @types::text[]
    OR @prefix::text <> '' AND EXISTS (SELECT FROM unnest(r.types) AS name WHERE starts_with(name, @prefix)))
ORDER BY first;

-- name: AuditHashRange :many
SELECT number, hash FROM audit_hashes
WHERE company_id = @company_id AND live = @live AND number >= @first AND number < @past
ORDER BY number;

-- name: AuditHashesByNumber :many
SELECT number, hash FROM audit_hashes
WHERE company_id = @company_id AND live = @live AND number = ANY (@numbers::bigint[]);

-- OFFSET 0: each is asked for by the primary key, whatever the planner knows.
-- name: AuditEventsByID :many
SELECT e.* FROM (SELECT unnest(@event_ids::uuid[]) AS event_id) u
CROSS JOIN LATERAL (SELECT * FROM audit_events a
  WHERE a.company_id = @company_id AND a.live = @live AND a.event_id = u.event_id OFFSET 0) e;

-- Where each event is found, -1 for nowhere, or whether it waits for a position,
-- in one snapshot.
-- name: AuditPlaced :many
SELECT e.event_id, coalesce(audit_position(e.company_id, e.live, e.event_id), -1)::bigint AS position,
  (e.event_id IN (SELECT unnest(p.event_ids) FROM audit_pending p WHERE p.company_id = @company_id AND p.live = @live))::boolean AS waiting
FROM audit_events e
WHERE e.company_id = @company_id AND e.live = @live AND e.event_id > @after
ORDER BY e.event_id LIMIT @most;

-- Events that wait, and among them those that are no events.
-- name: AuditWaiting :one
SELECT count(*) AS waiting,
  count(*) FILTER (WHERE NOT EXISTS (SELECT FROM audit_events e
    WHERE e.company_id = p.company_id AND e.live = p.live AND e.event_id = p.event_id)) AS missing
FROM (SELECT w.company_id, w.live, unnest(w.event_ids) AS event_id FROM audit_pending w WHERE w.company_id = $1 AND w.live = $2) p;

-- Of these events, those that the filter picks. Which events there are to
-- look at is asked first, so that no plan ever reads the whole log at once.
-- name: AuditMatching :many
SELECT e.* FROM (SELECT unnest(@event_ids::uuid[]) AS event_id) u
CROSS JOIN LATERAL (SELECT * FROM audit_events a
  WHERE a.company_id = @company_id AND a.live = @live AND a.event_id = u.event_id OFFSET 0) e
WHERE (sqlc.narg(agent_id)::uuid IS NULL OR e.agent_id = sqlc.narg(agent_id))
  AND (sqlc.narg(type)::text IS NULL OR e.type = sqlc.narg(type))
  AND starts_with(e.type, @type_prefix)
  AND (sqlc.narg(actor)::text IS NULL OR e.actor = sqlc.narg(actor))
  AND (sqlc.narg(from_at)::timestamptz IS NULL OR e.created_at >= sqlc.narg(from_at))
  AND (sqlc.narg(to_at)::timestamptz IS NULL OR e.created_at < sqlc.narg(to_at));

-- No event with an id from from_id on has a lower position. All ids before a
-- tile are at most the top of the one before it.
-- name: AuditFirstFrom :one
SELECT coalesce(
  (SELECT t.first FROM audit_tiles t WHERE t.company_id = @company_id AND t.live = @live AND t.top >= @from_id ORDER BY t.top, t.first LIMIT 1),
  (SELECT t.first + 160 FROM audit_tiles t WHERE t.company_id = @company_id AND t.live = @live ORDER BY t.first DESC LIMIT 1), 0)::bigint AS first;

-- Every event with an id below to_id has a lower position, but for those behind
-- the last tile; whether there are any there. It looks at the tiles from the
-- last one back, to the one that had such an event when ids still rose.
-- name: AuditPastBefore :one
SELECT coalesce((SELECT t.first + 160 FROM audit_tiles t
    WHERE t.company_id = @company_id AND t.live = @live AND t.low < @to_id ORDER BY t.first DESC LIMIT 1), 0)::bigint AS past,
  EXISTS (SELECT FROM audit_runs r WHERE r.company_id = @company_id AND r.live = @live
    AND EXISTS (SELECT FROM unnest(r.event_ids) AS id WHERE id < @to_id)) AS behind;
