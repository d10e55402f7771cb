-- Signing keys belong to the installation, not to a tenant.

-- name: LockSigningKeys :exec
SELECT pg_advisory_xact_lock(hashtextextended('purser signing keys', 0));

-- name: SigningKeys :many
SELECT key_id, purpose, algorithm, public_key, sealed_private, created_at,
  signs_from, signs_until, clock_timestamp()::timestamptz AS now
FROM signing_keys
WHERE shown_until IS NULL OR shown_until > clock_timestamp()
ORDER BY signs_from DESC, key_id;

-- A new key is published at once and signs a little later.
-- name: InsertSigningKey :one
INSERT INTO signing_keys (key_id, purpose, algorithm, public_key, sealed_private, created_at, signs_from)
VALUES (@key_id, @purpose, @algorithm, @public_key, @sealed_private, clock_timestamp(),
  clock_timestamp() + sqlc.arg(ahead)::interval)
RETURNING signs_from;

-- A token may have been signed at the last instant, so the key is shown for
-- the life of one more token. A null life keeps it shown for good.
-- name: RetireSigningKeys :exec
UPDATE signing_keys
SET signs_until = sqlc.arg(until)::timestamptz,
  shown_until = sqlc.arg(until)::timestamptz + sqlc.narg(shown_for)::interval
WHERE key_id = ANY (sqlc.arg(key_ids)::text[])
  AND (signs_until IS NULL OR signs_until > sqlc.arg(until)::timestamptz);
