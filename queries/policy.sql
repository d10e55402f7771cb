-- name: PoliciesSince :many
-- What changed after an epoch, archived ones included.
SELECT * FROM policies WHERE company_id = $1 AND live = $2 AND epoch > $3;

-- name: PolicyByID :one
SELECT * FROM policies WHERE company_id = $1 AND live = $2 AND policy_id = $3;

-- name: ListPolicies :many
SELECT * FROM policies
WHERE company_id = @company_id AND live = @live AND policy_id < @before
  AND (sqlc.narg(status)::text IS NULL OR status = sqlc.narg(status))
  AND (sqlc.narg(agent)::uuid IS NULL OR sqlc.narg(agent) = ANY(agents) OR agents = '{}')
ORDER BY policy_id DESC LIMIT sqlc.arg(rows)::integer;

-- name: PoliciesOfAgent :many
-- What covers an agent, or is drafted for it: its own and the company's.
SELECT * FROM policies
WHERE company_id = @company_id AND live = @live AND status <> 'archived'
  AND (agents = '{}' OR sqlc.arg(agent)::uuid = ANY(agents))
ORDER BY policy_id DESC;

-- name: InsertPolicy :one
INSERT INTO policies (company_id, live, policy_id, version, epoch, name, status, agents, effective_from, effective_to, rules, created_at, updated_at)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, clock_timestamp(), clock_timestamp())
RETURNING *;

-- name: UpdatePolicy :one
UPDATE policies SET version = version + 1, epoch = $4, name = $5, status = $6, agents = $7,
  effective_from = $8, effective_to = $9, rules = $10, updated_at = clock_timestamp()
WHERE company_id = $1 AND live = $2 AND policy_id = $3
RETURNING *;

-- name: InsertPolicyVersion :exec
-- The policy as it is now, kept for good.
INSERT INTO policy_versions (company_id, live, policy_id, version, name, status, agents, effective_from, effective_to, rules, written_by, created_at)
SELECT p.company_id, p.live, p.policy_id, p.version, p.name, p.status, p.agents, p.effective_from, p.effective_to, p.rules, @written_by, p.updated_at
FROM policies p WHERE p.company_id = @company_id AND p.live = @live AND p.policy_id = @policy_id;

-- name: PolicyVersions :many
SELECT * FROM policy_versions
WHERE company_id = @company_id AND live = @live AND policy_id = @policy_id AND version < @before
ORDER BY version DESC LIMIT sqlc.arg(rows)::integer;

-- name: KnownAgents :many
-- Those of the given agents that there are, whatever became of them.
SELECT agent_id FROM agents WHERE company_id = @company_id AND live = @live AND agent_id = ANY(@agents::uuid[]);

-- name: KnownMembers :many
SELECT member_id FROM members WHERE company_id = @company_id AND member_id = ANY(@members::uuid[]) AND status <> 'removed';

-- name: DecidingPolicies :many
SELECT * FROM policies WHERE company_id = $1 AND live = $2 AND status IN ('active', 'shadow');
