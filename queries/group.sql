-- Held requests that wait at the same time for the same: retries of one another.

-- name: WaitingRequests :many
-- What makes each of the newest waiting requests the same as another.
SELECT p.approval_id, p.authorization_id, a.agent_id, a.merchant_key, a.requested, a.currency, a.purpose
FROM (SELECT n.* FROM approvals n WHERE n.company_id = @company_id AND n.live = @live AND n.status = 'pending'
        AND (sqlc.narg(agent)::uuid IS NULL OR n.agent_id = sqlc.narg(agent))
      ORDER BY n.approval_id DESC LIMIT sqlc.arg(looked)::integer) p
JOIN authorizations a ON a.company_id = p.company_id AND a.live = p.live AND a.authorization_id = p.authorization_id
ORDER BY p.approval_id DESC;

-- name: CountPendingApprovals :one
SELECT count(*) FROM approvals WHERE company_id = $1 AND live = $2 AND status = 'pending';

-- name: HeldAlike :many
-- What waits of the same agent for the same as a held one, itself included.
SELECT o.* FROM approvals p
JOIN authorizations o ON o.company_id = p.company_id AND o.live = p.live AND o.authorization_id = p.authorization_id
WHERE p.company_id = @company_id AND p.live = @live AND p.status = 'pending' AND p.agent_id = @agent
  AND o.status = 'held' AND o.merchant_key = @merchant_key AND o.requested = @requested AND o.currency = @currency AND o.purpose = @purpose;

-- name: ApprovalsByIDs :many
SELECT * FROM approvals WHERE company_id = @company_id AND live = @live AND approval_id = ANY(@ids::uuid[]);
