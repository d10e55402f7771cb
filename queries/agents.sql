-- Agents as people look for them.

-- name: AgentFind :many
SELECT * FROM agents
WHERE company_id = @company_id AND live = @live AND status = ANY(@statuses::text[])
  AND (sqlc.narg(before)::uuid IS NULL OR agent_id < sqlc.narg(before))
  AND (handle ILIKE @pattern OR name ILIKE @pattern OR description ILIKE @pattern)
ORDER BY agent_id DESC LIMIT @max_rows;

-- name: AgentCounts :many
SELECT status, count(*) AS n FROM agents
WHERE company_id = $1 AND live = $2 GROUP BY status;
