-- The rows of the demo company, with the instants at which they would have been
-- written. What the gate leaves behind is written by the gate.

-- name: DemoLock :exec
-- One filling at a time.
SELECT pg_advisory_xact_lock(7705372303);

-- name: DemoExists :one
SELECT EXISTS (SELECT FROM companies WHERE company_id = @company_id);

-- name: DemoCompany :exec
INSERT INTO companies (company_id, name, currency, time_zone, created_at, updated_at)
VALUES (@company_id, @name, @currency, @time_zone, @at, @at);

-- name: DemoPerson :one
-- A person who is here already stays as they are.
INSERT INTO people (person_id, email, name, created_at) VALUES (@person_id, @email, @name, @at)
ON CONFLICT (email) DO UPDATE SET email = excluded.email
RETURNING person_id;

-- name: DemoMember :exec
INSERT INTO members (company_id, member_id, person_id, email, role, status, created_at, updated_at)
VALUES (@company_id, @member_id, @person_id, @email, @role, 'active', @created_at, @updated_at);

-- name: DemoAgent :exec
INSERT INTO agents (company_id, live, agent_id, handle, name, description, metadata, status, created_at, updated_at)
VALUES (@company_id, @live, @agent_id, @handle, @name, @description, @metadata, @status, @created_at, @updated_at);

-- name: DemoKey :exec
-- A key whose secret nobody has ever seen: only its name in the history.
INSERT INTO api_keys (company_id, live, key_id, name, prefix, lookup, bcrypt_hash, scopes, agent_id, created_by, revoked_at, last_used_at, created_at)
VALUES (@company_id, @live, @key_id, @name, @prefix, @lookup, @bcrypt_hash, '{spend,read}', @agent_id, @created_by, @revoked_at, @last_used_at, @created_at);

-- name: DemoPolicy :exec
INSERT INTO policies (company_id, live, policy_id, version, epoch, name, status, agents, rules, created_at, updated_at)
SELECT m.company_id, m.live, @policy_id, @version, m.epoch, @name, @status, @agents::uuid[], @rules, @created_at, @updated_at
FROM company_modes m WHERE m.company_id = @company_id AND m.live = @live;

-- name: DemoPolicyVersion :exec
INSERT INTO policy_versions (company_id, live, policy_id, version, name, status, agents, rules, written_by, created_at)
VALUES (@company_id, @live, @policy_id, @version, @name, @status, @agents::uuid[], @rules, @written_by, @created_at);
