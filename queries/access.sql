-- People, their sessions, and API keys. People, magic links and sessions are
-- above companies; KeyByLookup finds the company by the credential. Everything
-- else is tenant-scoped.

-- name: PersonUpsert :one
INSERT INTO people (person_id, email) VALUES (@person_id, @email)
ON CONFLICT (email) DO UPDATE SET email = excluded.email
RETURNING *;

-- name: PersonByClerk :one
SELECT * FROM people WHERE clerk_user_id = @clerk_user_id::text;

-- name: PersonUpsertClerk :one
INSERT INTO people (person_id, email, name, clerk_user_id)
VALUES (@person_id, @email, @name, @clerk_user_id::text)
ON CONFLICT (email) DO UPDATE SET clerk_user_id = excluded.clerk_user_id,
  name = CASE WHEN people.name = '' THEN excluded.name ELSE people.name END
RETURNING *;

-- name: PersonClerkUser :one
SELECT coalesce(clerk_user_id, '')::text FROM people WHERE person_id = @person_id;

-- name: PersonHasInvitation :one
SELECT EXISTS (SELECT FROM members m WHERE m.email = @email AND m.status = 'invited'
  AND NOT EXISTS (SELECT FROM members o WHERE o.company_id = m.company_id
    AND o.person_id = @person_id::uuid AND o.status = 'active'));

-- name: LinkInsert :execrows
INSERT INTO magic_links (token_hash, email, created_at, expires_at)
SELECT @token_hash, @email, clock_timestamp(), clock_timestamp() + make_interval(secs => @seconds)
WHERE (SELECT count(*) FROM magic_links
  WHERE email = @email AND created_at > clock_timestamp() - make_interval(secs => @seconds)) < @most::bigint;

-- name: LinkUse :one
UPDATE magic_links SET used_at = clock_timestamp()
WHERE token_hash = @token_hash AND used_at IS NULL AND expires_at > clock_timestamp()
RETURNING email;

-- name: LinkSweep :exec
DELETE FROM magic_links WHERE expires_at < clock_timestamp() - interval '1 day';

-- name: SessionInsert :one
INSERT INTO sessions (session_id, person_id, created_at, expires_at)
VALUES (@session_id, @person_id, clock_timestamp(), clock_timestamp() + make_interval(secs => @seconds))
RETURNING *;

-- name: SessionGet :one
SELECT s.session_id, s.expires_at, sqlc.embed(p)
FROM sessions s JOIN people p ON p.person_id = s.person_id
WHERE s.session_id = @session_id AND s.person_id = @person_id
  AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp();

-- name: SessionRevoke :execrows
UPDATE sessions SET revoked_at = clock_timestamp()
WHERE session_id = @session_id AND revoked_at IS NULL;

-- name: SessionRevokeAll :execrows
UPDATE sessions SET revoked_at = clock_timestamp()
WHERE person_id = @person_id AND revoked_at IS NULL;

-- name: SessionList :many
SELECT * FROM sessions
WHERE person_id = @person_id AND revoked_at IS NULL AND expires_at > clock_timestamp()
ORDER BY session_id DESC LIMIT @max_rows;

-- name: SessionSweep :exec
DELETE FROM sessions WHERE expires_at < clock_timestamp() - interval '30 days';

-- name: KeyInsert :one
INSERT INTO api_keys (company_id, live, key_id, name, prefix, lookup, bcrypt_hash, scopes,
  agent_id, member_id, created_by, per_minute, in_flight, expires_at, created_at)
VALUES (@company_id, @live, @key_id, @name, @prefix, @lookup, @bcrypt_hash, @scopes,
  @agent_id, @member_id, @created_by, @per_minute, @in_flight, @expires_at, clock_timestamp())
RETURNING *;

-- name: KeyInFuture :one
SELECT (@at::timestamptz > clock_timestamp())::boolean;

-- name: KeyGet :one
SELECT * FROM api_keys
WHERE company_id = @company_id AND live = ANY(@lives::boolean[]) AND key_id = @key_id AND revoked_at IS NULL;

-- name: KeyList :many
SELECT * FROM api_keys
WHERE company_id = @company_id AND live = ANY(@lives::boolean[]) AND revoked_at IS NULL
  AND (sqlc.narg(agent)::uuid IS NULL OR agent_id = sqlc.narg(agent))
  AND (sqlc.narg(before)::uuid IS NULL OR key_id < sqlc.narg(before))
ORDER BY key_id DESC LIMIT @max_rows;

-- name: KeyRevoke :execrows
UPDATE api_keys SET revoked_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live AND key_id = @key_id AND revoked_at IS NULL;

-- name: KeySupersede :execrows
UPDATE api_keys SET rerolled_to = @rerolled_to::uuid,
  revoked_at = CASE WHEN @grace::float8 <= 0 THEN clock_timestamp() END,
  expires_at = CASE WHEN @grace > 0
    THEN least(expires_at, clock_timestamp() + make_interval(secs => @grace)) ELSE expires_at END
WHERE company_id = @company_id AND live = @live AND key_id = @key_id
  AND revoked_at IS NULL AND rerolled_to IS NULL
  AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- name: KeyByLookup :one
SELECT sqlc.embed(k), m.person_id, m.role, a.status AS agent_status, clock_timestamp()::timestamptz AS read_at
FROM api_keys k
LEFT JOIN agents a ON a.company_id = k.company_id AND a.live = k.live AND a.agent_id = k.agent_id
LEFT JOIN members m ON m.company_id = k.company_id AND m.member_id = k.member_id AND m.status = 'active'
WHERE k.lookup = @lookup;

-- name: KeyRefresh :one
SELECT sqlc.embed(k), m.person_id, m.role, a.status AS agent_status, clock_timestamp()::timestamptz AS read_at
FROM api_keys k
LEFT JOIN agents a ON a.company_id = k.company_id AND a.live = k.live AND a.agent_id = k.agent_id
LEFT JOIN members m ON m.company_id = k.company_id AND m.member_id = k.member_id AND m.status = 'active'
WHERE k.company_id = @company_id AND k.live = @live AND k.key_id = @key_id;

-- name: KeyTouch :exec
UPDATE api_keys k SET last_used_at = clock_timestamp()
FROM (SELECT a.company_id, a.live, a.key_id FROM api_keys a
  JOIN (SELECT unnest(@company_ids::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
    unnest(@key_ids::uuid[]) AS key_id) AS u
    ON a.company_id = u.company_id AND a.live = u.live AND a.key_id = u.key_id
  WHERE a.last_used_at IS NULL OR a.last_used_at < clock_timestamp() - interval '55 seconds'
  FOR NO KEY UPDATE OF a SKIP LOCKED) AS due
WHERE k.company_id = due.company_id AND k.live = due.live AND k.key_id = due.key_id;
