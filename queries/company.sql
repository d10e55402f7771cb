-- Companies, members and agents. Everything is tenant-scoped but for
-- MemberAccept and MembersOfPerson, which begin from a person.

-- name: CompanyInsert :exec
INSERT INTO companies (company_id, name, currency, time_zone)
VALUES (@company_id, @name, @currency, @time_zone);

-- name: CompanyInsertModes :exec
INSERT INTO company_modes (company_id, live) VALUES (@company_id, false), (@company_id, true);

-- name: CompanyGet :one
SELECT sqlc.embed(c), m.epoch, m.frozen_at
FROM companies c JOIN company_modes m ON m.company_id = c.company_id
WHERE c.company_id = @company_id AND m.live = @live;

-- name: CompanyUpdate :exec
UPDATE companies SET name = @name, currency = @currency, time_zone = @time_zone,
  approval_timeout = @approval_timeout, token_audience = @token_audience,
  require_redemption = @require_redemption, version = version + 1, updated_at = clock_timestamp()
WHERE company_id = @company_id;

-- name: CompanyRaiseEpochs :exec
UPDATE company_modes SET epoch = epoch + 1 WHERE company_id = @company_id;

-- name: CompanySetFrozen :exec
UPDATE company_modes SET frozen_at = CASE WHEN @frozen::boolean THEN clock_timestamp() END
WHERE company_id = @company_id AND live = @live;

-- name: MemberInsert :one
INSERT INTO members (company_id, member_id, person_id, email, role, status)
VALUES (@company_id, @member_id, @person_id, @email, @role, @status) RETURNING *;

-- name: MemberGet :one
SELECT * FROM members
WHERE company_id = @company_id AND member_id = @member_id AND status <> 'removed';

-- name: MemberList :many
SELECT * FROM members
WHERE company_id = @company_id AND status <> 'removed'
  AND (sqlc.narg(before)::uuid IS NULL OR member_id < sqlc.narg(before))
ORDER BY member_id DESC LIMIT @max_rows;

-- name: MemberOwners :one
SELECT count(*) FROM members
WHERE company_id = @company_id AND role = 'owner' AND status = 'active';

-- name: MemberSetRole :one
UPDATE members SET role = @role, updated_at = clock_timestamp()
WHERE company_id = @company_id AND member_id = @member_id RETURNING *;

-- name: MemberRemove :exec
UPDATE members SET status = 'removed', updated_at = clock_timestamp()
WHERE company_id = @company_id AND member_id = @member_id;

-- name: MemberOfPerson :one
SELECT * FROM members
WHERE company_id = @company_id AND person_id = @person_id AND status = 'active';

-- Whoever does something that a person may do once takes turns on the person.
-- name: PersonLock :exec
SELECT FROM people WHERE person_id = $1 FOR UPDATE;

-- name: MembersOfPerson :many
SELECT sqlc.embed(m), c.name AS company_name
FROM members m JOIN companies c ON c.company_id = m.company_id
WHERE m.person_id = @person_id AND m.status = 'active'
ORDER BY m.company_id;

-- name: MemberAccept :many
UPDATE members m SET person_id = @person_id::uuid, status = 'active', updated_at = clock_timestamp()
WHERE m.email = @email AND m.status = 'invited'
  AND NOT EXISTS (SELECT FROM members o WHERE o.company_id = m.company_id
    AND o.person_id = @person_id AND o.status = 'active')
RETURNING m.*;

-- name: AgentInsert :one
INSERT INTO agents (company_id, live, agent_id, handle, name, description, metadata, status)
VALUES (@company_id, @live, @agent_id, @handle, @name, @description, @metadata, 'active') RETURNING *;

-- name: AgentGet :one
SELECT * FROM agents WHERE company_id = @company_id AND live = @live AND agent_id = @agent_id;

-- name: AgentByHandle :one
SELECT * FROM agents
WHERE company_id = @company_id AND live = @live AND handle = @handle AND status <> 'deleted';

-- name: AgentsByIDs :many
SELECT * FROM agents
WHERE company_id = @company_id AND live = @live AND agent_id = ANY(@agent_ids::uuid[]);

-- name: AgentList :many
SELECT * FROM agents
WHERE company_id = @company_id AND live = @live AND status = ANY(@statuses::text[])
  AND (sqlc.narg(before)::uuid IS NULL OR agent_id < sqlc.narg(before))
ORDER BY agent_id DESC LIMIT @max_rows;

-- name: AgentUpdate :one
UPDATE agents SET handle = @handle, name = @name, description = @description,
  metadata = @metadata, status = @status, updated_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live AND agent_id = @agent_id RETURNING *;

-- name: AgentRevokeKeys :many
UPDATE api_keys SET revoked_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live AND agent_id = @agent_id::uuid AND revoked_at IS NULL
RETURNING key_id;

-- name: MemberRevokeKeys :many
UPDATE api_keys SET revoked_at = clock_timestamp()
WHERE company_id = @company_id AND member_id = @member_id::uuid AND revoked_at IS NULL
RETURNING live, key_id;

-- name: MemberKeys :many
SELECT key_id FROM api_keys
WHERE company_id = @company_id AND member_id = @member_id::uuid AND revoked_at IS NULL;

-- name: CompanyNotifyKeys :exec
SELECT pg_notify('purser_keys', '');
