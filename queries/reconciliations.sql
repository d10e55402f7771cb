-- What was found when everything was added up again.

-- name: ReconciliationsDue :many
-- Modes of companies that were not compared for a while.
SELECT m.company_id, m.live FROM company_modes m
WHERE NOT EXISTS (SELECT FROM reconciliations r WHERE r.company_id = m.company_id AND r.live = m.live
  AND r.asked_at > clock_timestamp() - make_interval(secs => @every::float8))
ORDER BY m.company_id, m.live;

-- name: ReconciliationStart :many
-- One at a time: no row when another one is open.
INSERT INTO reconciliations (company_id, live, reconciliation_id, asked_by)
VALUES (@company_id, @live, @reconciliation_id, @asked_by)
ON CONFLICT (company_id, live) WHERE ended_at IS NULL DO NOTHING
RETURNING *;

-- name: ReconciliationAbandon :exec
-- One that has been open for so long was lost with its server.
UPDATE reconciliations SET ended_at = clock_timestamp(), trouble = @trouble
WHERE company_id = @company_id AND live = @live AND ended_at IS NULL
  AND asked_at < clock_timestamp() - make_interval(secs => @after::float8);

-- name: ReconciliationEnd :execrows
UPDATE reconciliations SET ended_at = clock_timestamp(), trouble = @trouble, authorizations = @authorizations, events = @events,
  cards = @cards, lines = @lines, found = @found, differences = @differences
WHERE company_id = @company_id AND live = @live AND reconciliation_id = @reconciliation_id AND ended_at IS NULL;

-- name: ReconciliationList :many
SELECT * FROM reconciliations
WHERE company_id = @company_id AND live = @live AND (sqlc.narg(before)::uuid IS NULL OR reconciliation_id < sqlc.narg(before))
ORDER BY reconciliation_id DESC LIMIT @max_rows;

-- name: ReconciliationGet :one
SELECT * FROM reconciliations WHERE company_id = $1 AND live = $2 AND reconciliation_id = $3;

-- name: ReconciliationsForget :exec
DELETE FROM reconciliations WHERE ended_at < clock_timestamp() - make_interval(secs => @age::float8);
