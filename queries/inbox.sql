-- What the approvals' pages ask beside the groups.

-- name: WaitingAndClock :one
-- How many requests wait, counted no further than most, and the moment.
SELECT (SELECT count(*) FROM (
  SELECT 1 FROM approvals WHERE company_id = @company_id AND live = @live AND status = 'pending'
    AND expires_at > statement_timestamp() LIMIT sqlc.arg(most)::integer) w)::integer AS waiting,
  clock_timestamp()::timestamptz AS now;

-- name: ListDecidedApprovals :many
SELECT * FROM approvals
WHERE company_id = @company_id AND live = @live AND approval_id < @before AND status <> 'pending'
  AND (sqlc.narg(status)::text IS NULL OR status = sqlc.narg(status))
ORDER BY approval_id DESC LIMIT @rows;

-- name: PaidMerchants :many
-- How the merchants of the newest authorizations are called that were paid.
SELECT DISTINCT merchant_name, merchant_domain FROM (
  SELECT merchant_name, merchant_domain, status FROM authorizations
  WHERE company_id = @company_id AND live = @live ORDER BY authorization_id DESC LIMIT sqlc.arg(looked)::integer) n
WHERE status = 'confirmed';
