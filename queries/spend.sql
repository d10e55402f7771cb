-- The gate's transaction: locks first, in one order for everybody (company
-- modes, agents, shared meters), then reads, then writes.

-- name: ShareModes :many
-- While a batch holds these, no policy, freeze or key changes under it. Each comes
-- in its turn (LockCompanyMode says why).
SELECT m.company_id, m.live, m.epoch, m.frozen_at
FROM (SELECT x.company_id, x.live, pg_advisory_xact_lock_shared(hashtextextended('mode ' || x.company_id::text || x.live::text, 0)) AS turn
  FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live) x ORDER BY x.company_id, x.live) w
JOIN company_modes m ON m.company_id = w.company_id AND m.live = w.live
ORDER BY m.company_id, m.live
FOR SHARE OF m;

-- name: LockAgents :many
SELECT a.company_id, a.live, a.agent_id, a.handle, a.status
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live, unnest(@agents::uuid[]) AS agent_id) w
JOIN agents a ON a.company_id = w.company_id AND a.live = w.live AND a.agent_id = w.agent_id
ORDER BY a.company_id, a.live, a.agent_id
FOR NO KEY UPDATE OF a;

-- name: LockAgent :many
-- ShareModes and LockAgents of one agent: first the mode is locked and then the
-- agent, and both are read as they are by then.
SELECT m.epoch, m.frozen_at, a.handle, a.status
FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended('mode ' || (@company_id::uuid)::text || (@live::boolean)::text, 0)) OFFSET 0) turn
CROSS JOIN company_modes m JOIN agents a ON a.company_id = m.company_id AND a.live = m.live
WHERE m.company_id = @company_id AND m.live = @live AND a.agent_id = @agent_id
FOR SHARE OF m FOR NO KEY UPDATE OF a;

-- name: LockSpendingAgents :many
-- The agents of the batch, and those of the same companies that have a hold to
-- give back: it may free a budget that the batch's agents share.
SELECT a.company_id, a.live, a.agent_id, a.handle, a.status FROM agents a
WHERE (a.company_id, a.live, a.agent_id) IN (
  SELECT unnest(@companies::uuid[]), unnest(@lives::boolean[]), unnest(@agents::uuid[])
  UNION
  SELECT o.company_id, o.live, o.agent_id FROM authorizations o
  WHERE (o.company_id, o.live) IN (SELECT unnest(@mode_companies::uuid[]), unnest(@mode_lives::boolean[]))
    AND o.status IN ('pending', 'held') AND o.expires_at <= statement_timestamp())
ORDER BY a.company_id, a.live, a.agent_id
FOR NO KEY UPDATE;

-- name: ExpiredHolds :many
-- OFFSET 0 keeps the agents out of the search: by them PostgreSQL would read all
-- of their history. Each tenant has so many at most, the oldest first.
SELECT h.* FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live) w
CROSS JOIN LATERAL (
  SELECT late.* FROM (
    SELECT o.* FROM authorizations o
    WHERE o.company_id = w.company_id AND o.live = w.live
      AND o.status IN ('pending', 'held') AND o.expires_at <= statement_timestamp() OFFSET 0) late
  WHERE late.agent_id = ANY(@agents::uuid[]) ORDER BY late.expires_at LIMIT sqlc.arg(most)::integer) h;

-- name: AgentsWithExpiredHolds :many
-- A walk from tenant to tenant over the index of what is open, however much has
-- been closed.
WITH RECURSIVE walk AS (
  (SELECT f.company_id, f.live FROM authorizations f WHERE f.status IN ('pending', 'held')
   ORDER BY f.company_id, f.live, f.expires_at LIMIT 1)
  UNION ALL
  SELECT n.company_id, n.live FROM walk w CROSS JOIN LATERAL (
    SELECT o.company_id, o.live FROM authorizations o
    WHERE o.status IN ('pending', 'held') AND (o.company_id, o.live) > (w.company_id, w.live)
    ORDER BY o.company_id, o.live, o.expires_at LIMIT 1) n
)
SELECT DISTINCT h.company_id, h.live, h.agent_id FROM walk w CROSS JOIN LATERAL (
  SELECT o.company_id, o.live, o.agent_id FROM authorizations o
  WHERE o.company_id = w.company_id AND o.live = w.live
    AND o.status IN ('pending', 'held') AND o.expires_at <= statement_timestamp()
  ORDER BY o.expires_at LIMIT 500) h
LIMIT 500;

-- name: TenantAgentsWithExpiredHolds :many
SELECT DISTINCT h.agent_id FROM (
  SELECT o.agent_id FROM authorizations o
  WHERE o.company_id = $1 AND o.live = $2
    AND o.status IN ('pending', 'held') AND o.expires_at <= statement_timestamp() OFFSET 0) h;

-- name: Moment :one
-- The moment, those of the given keys that may not act any more, and whether one
-- of the agents has a hold that has run out: it is seldom so, and then
-- ExpiredHolds reads them.
SELECT statement_timestamp()::timestamptz AS now, ARRAY(
  SELECT k.key_id
  FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live, unnest(@keys::uuid[]) AS key_id) w
  JOIN api_keys k ON k.company_id = w.company_id AND k.live = w.live AND k.key_id = w.key_id
  WHERE k.revoked_at IS NOT NULL OR k.expires_at <= statement_timestamp())::uuid[] AS dead, EXISTS (
  SELECT FROM (SELECT unnest(@mode_companies::uuid[]) AS company_id, unnest(@mode_lives::boolean[]) AS live) w
  CROSS JOIN LATERAL (
    SELECT o.agent_id FROM authorizations o
    WHERE o.company_id = w.company_id AND o.live = w.live
      AND o.status IN ('pending', 'held') AND o.expires_at <= statement_timestamp() OFFSET 0) late
  WHERE late.agent_id = ANY(@agents::uuid[]))::boolean AS expired;

-- name: AuthorizationsByIDs :many
SELECT a.* FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
                        unnest(@ids::uuid[]) AS id) w
JOIN authorizations a ON a.company_id = w.company_id AND a.live = w.live AND a.authorization_id = w.id;

-- name: RecentlyCounted :many
-- The last n instants that a velocity rule counts, the newest last, for each agent.
SELECT w.n::integer AS n, r.created_at
FROM (SELECT unnest(@ns::integer[]) AS n, unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@agents::uuid[]) AS agent_id, unnest(@counts::integer[]) AS last) w
CROSS JOIN LATERAL (
  SELECT a.created_at, a.authorization_id FROM authorizations a
  WHERE a.agent_id = w.agent_id AND a.company_id = w.company_id AND a.live = w.live
    AND (a.decision <> 'DENIED' OR a.approval_id IS NOT NULL)
  ORDER BY a.authorization_id DESC LIMIT w.last) r
ORDER BY w.n, r.authorization_id;

-- name: Twins :many
-- Open or confirmed requests for the same from the same, since a moment.
SELECT w.n::integer AS n, a.authorization_id, a.created_at
FROM (SELECT unnest(@ns::integer[]) AS n, unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@agents::uuid[]) AS agent_id, unnest(@sinces::uuid[]) AS since,
             unnest(@merchant_keys::text[]) AS merchant_key, unnest(@currencies::text[]) AS currency,
             unnest(@requesteds::bigint[]) AS requested) w
JOIN authorizations a ON a.agent_id = w.agent_id AND a.company_id = w.company_id AND a.live = w.live
  AND a.authorization_id >= w.since AND a.merchant_key = w.merchant_key AND a.currency = w.currency
  AND a.requested = w.requested AND a.status IN ('pending', 'held', 'confirmed')
  AND (a.decision <> 'DENIED' OR a.approval_id IS NOT NULL);

-- name: KnownMerchants :many
SELECT k.company_id, k.live, k.merchant_key
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
             unnest(@merchant_keys::text[]) AS merchant_key) w
JOIN known_merchants k ON k.company_id = w.company_id AND k.live = w.live AND k.merchant_key = w.merchant_key;

-- name: InsertKnownMerchants :exec
INSERT INTO known_merchants (company_id, live, merchant_key, first_at)
SELECT w.company_id, w.live, w.merchant_key, @first_at
FROM (SELECT DISTINCT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
                      unnest(@merchant_keys::text[]) AS merchant_key) w
ORDER BY w.company_id, w.live, w.merchant_key
ON CONFLICT (company_id, live, merchant_key) DO NOTHING;

-- name: InsertAuthorizations :exec
INSERT INTO authorizations (company_id, live, authorization_id, agent_id, status, decision, reason_code, reason,
  currency, requested, amount, merchant_name, merchant_mcc, merchant_country, merchant_domain, merchant_key,
  rail, capture, purpose, metadata, expires_in, expires_at, created_at, closed_at, requested_by,
  explanation, approval_id, hold_id)
SELECT r.company_id, r.live, r.authorization_id, r.agent_id, r.status::authorization_status, r.decision::authorization_decision,
  r.reason_code, r.reason, r.currency, r.requested, r.amount, r.merchant_name, r.merchant_mcc, r.merchant_country,
  r.merchant_domain, r.merchant_key, r.rail::authorization_rail, r.capture::authorization_capture, r.purpose, r.metadata,
  r.expires_in, r.expires_at, r.created_at, r.closed_at, r.requested_by, r.explanation, r.approval_id, r.hold_id
FROM unnest(@rows::authorization_row[]) r;

-- name: UpdateAuthorizations :exec
UPDATE authorizations a SET
  status = w.status::authorization_status, decision = w.decision::authorization_decision, reason_code = w.reason_code, reason = w.reason,
  amount = w.amount, refunded = w.refunded, reference = w.reference, void_reason = w.void_reason,
  hold_id = w.hold_id, captured = nullif(w.captured, 0),
  expires_at = w.expires_at, decided_at = w.decided_at, closed_at = w.closed_at, redeemed_at = w.redeemed_at
FROM unnest(@rows::change_row[]) w
WHERE a.company_id = w.company_id AND a.live = w.live AND a.authorization_id = w.authorization_id;

-- name: InsertApprovals :exec
INSERT INTO approvals (company_id, live, approval_id, authorization_id, agent_id, status, requirements, digest, expires_at, created_at)
SELECT unnest(@companies::uuid[]), unnest(@lives::boolean[]), unnest(@ids::uuid[]), unnest(@authorizations::uuid[]),
  unnest(@agents::uuid[]), 'pending', unnest(@requirements::text[])::json, unnest(@digests::text[]),
  unnest(@expires_ats::timestamptz[]), unnest(@created_ats::timestamptz[]);

-- name: CloseApprovals :exec
UPDATE approvals p SET status = w.status, decided_at = @now
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live, unnest(@ids::uuid[]) AS id,
             unnest(@statuses::text[]) AS status) w
WHERE p.company_id = w.company_id AND p.live = w.live AND p.approval_id = w.id AND p.status = 'pending';

-- name: VotesOfApprovals :many
SELECT v.* FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
                        unnest(@ids::uuid[]) AS id) w
JOIN approval_votes v ON v.company_id = w.company_id AND v.live = w.live AND v.approval_id = w.id
ORDER BY v.created_at, v.person_id;

-- name: PolicyVersionsNow :many
SELECT policy_id, version FROM policies
WHERE company_id = $1 AND live = $2 AND policy_id = ANY(@ids::uuid[]);

-- name: InsertVote :exec
INSERT INTO approval_votes (company_id, live, approval_id, person_id, member_id, role, verdict, amount, comment, voted_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: VoterRole :one
-- The member's role at this moment: a change of role counts from now on.
SELECT role FROM members
WHERE company_id = $1 AND member_id = $2 AND person_id = $3 AND status = 'active';

-- name: NotifyDecided :exec
SELECT pg_notify('purser_decided', unnest(@ids::text[]));

-- name: CompanySettings :one
SELECT c.currency, c.time_zone, c.approval_timeout, c.token_audience, c.require_redemption, m.epoch, m.frozen_at
FROM companies c JOIN company_modes m USING (company_id)
WHERE c.company_id = $1 AND m.live = $2;

-- name: AuthorizationByID :one
SELECT * FROM authorizations WHERE company_id = $1 AND live = $2 AND authorization_id = $3;

-- name: AgentsOfAuthorizations :many
SELECT a.company_id, a.live, a.authorization_id, a.agent_id
FROM (SELECT unnest(@companies::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live, unnest(@ids::uuid[]) AS id) w
JOIN authorizations a ON a.company_id = w.company_id AND a.live = w.live AND a.authorization_id = w.id;

-- name: ApprovalByID :one
SELECT * FROM approvals WHERE company_id = $1 AND live = $2 AND approval_id = $3;

-- name: ListAuthorizations :many
SELECT * FROM authorizations
WHERE company_id = @company_id AND live = @live AND authorization_id < @before
  AND (sqlc.narg(status)::text IS NULL OR status::text = sqlc.narg(status))
  AND (sqlc.narg(decision)::text IS NULL OR decision::text = sqlc.narg(decision))
  AND (sqlc.narg(merchant)::text IS NULL OR merchant_key = sqlc.narg(merchant) OR lower(merchant_name) = lower(sqlc.narg(merchant_name)))
  AND (sqlc.narg(currency)::text IS NULL OR currency = sqlc.narg(currency))
  AND (sqlc.narg(rail)::text IS NULL OR rail::text = sqlc.narg(rail))
  AND (sqlc.narg(since)::timestamptz IS NULL OR created_at >= sqlc.narg(since))
  AND (sqlc.narg(until)::timestamptz IS NULL OR created_at < sqlc.narg(until))
ORDER BY authorization_id DESC LIMIT @rows;

-- name: ListAgentAuthorizations :many
-- ListAuthorizations of one agent, along its own indexes. (As one query, either
-- way would read everything there is.)
SELECT * FROM authorizations_by_agent
WHERE company_id = @company_id AND live = @live AND authorization_id < @before AND agent_id = @agent
  AND (sqlc.narg(status)::text IS NULL OR status::text = sqlc.narg(status))
  AND (sqlc.narg(decision)::text IS NULL OR decision::text = sqlc.narg(decision))
  AND (sqlc.narg(merchant)::text IS NULL OR merchant_key = sqlc.narg(merchant) OR lower(merchant_name) = lower(sqlc.narg(merchant_name)))
  AND (sqlc.narg(currency)::text IS NULL OR currency = sqlc.narg(currency))
  AND (sqlc.narg(rail)::text IS NULL OR rail::text = sqlc.narg(rail))
  AND (sqlc.narg(since)::timestamptz IS NULL OR created_at >= sqlc.narg(since))
  AND (sqlc.narg(until)::timestamptz IS NULL OR created_at < sqlc.narg(until))
ORDER BY authorization_id DESC LIMIT @rows;

-- name: ListApprovals :many
SELECT * FROM approvals
WHERE company_id = @company_id AND live = @live AND approval_id < @before
  AND (sqlc.narg(status)::text IS NULL OR status = sqlc.narg(status))
  AND (sqlc.narg(agent)::uuid IS NULL OR agent_id = sqlc.narg(agent))
ORDER BY approval_id DESC LIMIT @rows;

-- name: EpochAndClock :one
SELECT epoch, clock_timestamp()::timestamptz AS now FROM company_modes WHERE company_id = $1 AND live = $2;

-- name: OpenExpiredOfTenant :many
-- Holds that have run out and that nobody has given back yet: what a budget
-- must not count.
SELECT agent_id, currency, (amount - coalesce(captured, 0))::bigint AS amount, created_at FROM authorizations
WHERE company_id = $1 AND live = $2 AND status IN ('pending', 'held') AND expires_at <= statement_timestamp();
