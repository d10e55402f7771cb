-- name: TryIdempotencyLock :one
-- The same key is under way elsewhere while this answers false.
SELECT pg_try_advisory_xact_lock(@hash::bigint);

-- name: IdempotencyRecords :many
-- Those that have outlived their 30 days say so: they answer nothing.
SELECT k.company_id, k.live, k.key, k.route, k.body_hash, k.status, k.answer,
  (k.created_at <= statement_timestamp() - interval '30 days')::boolean AS outlived
FROM (SELECT unnest(@company_ids::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@keys::text[]) AS key) w
JOIN idempotency_keys k ON k.company_id = w.company_id AND k.live = w.live AND k.key = w.key;

-- name: StoreIdempotencyRecords :exec
-- Sorted by key, so that two transactions with the same keys cannot wait for
-- each other. A key that is there already fails the transaction.
INSERT INTO idempotency_keys (company_id, live, key, route, body_hash, status, answer)
SELECT r.company_id, r.live, r.key, r.route, r.body_hash, r.status, r.answer
FROM unnest(@rows::answer_row[]) r ORDER BY r.company_id, r.live, r.key;

-- name: DropOutlivedRecords :exec
-- Makes room for new records of the same keys.
DELETE FROM idempotency_keys k
USING (SELECT unnest(@company_ids::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
              unnest(@keys::text[]) AS key) w
WHERE k.company_id = w.company_id AND k.live = w.live AND k.key = w.key
  AND k.created_at <= statement_timestamp() - interval '30 days';

-- name: PurgeIdempotencyRecords :execrows
DELETE FROM idempotency_keys WHERE (company_id, live, key) IN (
  SELECT k.company_id, k.live, k.key FROM idempotency_keys k
  WHERE k.created_at <= statement_timestamp() - interval '30 days' LIMIT 10000);
