-- name: TryIdempotencyLock :one
-- The same key is under way elsewhere while this answers false.
SELECT pg_try_advisory_xact_lock(@hash::bigint);

-- name: IdempotencyRecords :many
SELECT k.company_id, k.live, k.key, k.route, k.body_hash, k.status, k.answer
FROM (SELECT unnest(@company_ids::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@keys::text[]) AS key) w
JOIN idempotency_keys k ON k.company_id = w.company_id AND k.live = w.live AND k.key = w.key
WHERE k.created_at > statement_timestamp() - interval '30 days';

-- name: StoreIdempotencyRecords :execrows
-- Sorted by key, so that two transactions with the same keys cannot wait for
-- each other. A record that has outlived its 30 days is replaced.
INSERT INTO idempotency_keys (company_id, live, key, route, body_hash, status, answer)
SELECT w.company_id, w.live, w.key, w.route, w.body_hash, w.status, w.answer
FROM (SELECT unnest(@company_ids::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@keys::text[]) AS key, unnest(@routes::text[]) AS route,
             unnest(@body_hashes::bytea[]) AS body_hash, unnest(@statuses::integer[]) AS status,
             unnest(@answers::bytea[]) AS answer) w
ORDER BY w.company_id, w.live, w.key
ON CONFLICT (company_id, live, key) DO UPDATE
  SET route = excluded.route, body_hash = excluded.body_hash, status = excluded.status,
      answer = excluded.answer, created_at = excluded.created_at
  WHERE idempotency_keys.created_at <= statement_timestamp() - interval '30 days';

-- name: PurgeIdempotencyRecords :execrows
DELETE FROM idempotency_keys WHERE (company_id, live, key) IN (
  SELECT k.company_id, k.live, k.key FROM idempotency_keys k
  WHERE k.created_at <= statement_timestamp() - interval '30 days' LIMIT 10000);
