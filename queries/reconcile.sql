-- Everything added up a second time, by other means than the gate's. All of a
-- tenant's queries run in one snapshot, so that traffic beside them is no
-- difference.

-- name: ReconcileTenants :many
SELECT m.company_id, m.live, c.name FROM company_modes m JOIN companies c ON c.company_id = m.company_id
ORDER BY m.company_id, m.live DESC;

-- name: ReconcileMeters :many
-- Each meter's total and its current day, where they are not what a plain sum
-- over the authorizations gives. Days are PostgreSQL's here, not Go's.
WITH scopes AS (
  SELECT s.kind, s.scope_id, s.currency, s.time_zone, s.agents,
    date_trunc('day', transaction_timestamp() AT TIME ZONE s.time_zone) AT TIME ZONE s.time_zone AS today
  FROM meter_scopes s WHERE s.company_id = @company_id AND s.live = @live AND s.state = 'ready'
), added AS (
  SELECT CASE s.kind WHEN 'agent' THEN a.agent_id ELSE s.scope_id END AS subject, s.currency, s.time_zone,
    sum(CASE a.status WHEN 'confirmed' THEN a.amount ELSE coalesce(a.captured, 0) END - a.refunded) AS spent,
    sum(a.amount - coalesce(a.captured, 0)) FILTER (WHERE a.status <> 'confirmed') AS reserved,
    sum(CASE a.status WHEN 'confirmed' THEN a.amount ELSE coalesce(a.captured, 0) END - a.refunded)
      FILTER (WHERE a.created_at >= s.today) AS day_spent,
    sum(a.amount - coalesce(a.captured, 0)) FILTER (WHERE a.status <> 'confirmed' AND a.created_at >= s.today) AS day_reserved
  FROM scopes s JOIN authorizations a ON a.currency = s.currency AND (s.kind <> 'set' OR a.agent_id = ANY(s.agents))
  WHERE a.company_id = @company_id AND a.live = @live AND a.status IN ('pending', 'held', 'confirmed')
  GROUP BY 1, 2, 3
), kept AS (
  SELECT DISTINCT m.subject, m.currency, m.time_zone, m.total_spent, m.total_reserved,
    CASE WHEN m.day_from >= s.today THEN m.day_spent ELSE 0 END AS day_spent,
    CASE WHEN m.day_from >= s.today THEN m.day_reserved ELSE 0 END AS day_reserved
  FROM meters m JOIN scopes s ON s.currency = m.currency AND s.time_zone = m.time_zone
  WHERE m.company_id = @company_id AND m.live = @live AND (s.scope_id = m.subject OR s.kind = 'agent'
    AND EXISTS (SELECT FROM agents g WHERE g.company_id = m.company_id AND g.live = m.live AND g.agent_id = m.subject))
), compared AS (
  SELECT coalesce(a.subject, k.subject) AS subject, coalesce(a.currency, k.currency) AS currency,
    coalesce(a.time_zone, k.time_zone) AS time_zone,
    coalesce(a.spent, 0)::bigint AS spent, coalesce(k.total_spent, 0) AS metered_spent,
    coalesce(a.reserved, 0)::bigint AS reserved, coalesce(k.total_reserved, 0) AS metered_reserved,
    coalesce(a.day_spent, 0)::bigint AS day_spent, coalesce(k.day_spent, 0) AS metered_day_spent,
    coalesce(a.day_reserved, 0)::bigint AS day_reserved, coalesce(k.day_reserved, 0) AS metered_day_reserved
  FROM added a FULL JOIN kept k USING (subject, currency, time_zone)
)
SELECT subject::uuid AS subject, currency::text AS currency, time_zone::text AS time_zone, spent, metered_spent::bigint AS metered_spent,
  reserved, metered_reserved::bigint AS metered_reserved, day_spent, metered_day_spent::bigint AS metered_day_spent,
  day_reserved, metered_day_reserved::bigint AS metered_day_reserved
FROM compared
WHERE (spent, reserved, day_spent, day_reserved) <> (metered_spent, metered_reserved, metered_day_spent, metered_day_reserved)
ORDER BY 1, 2, 3;

-- name: ReconcileApprovals :many
-- Held authorizations without a pending approval, and the other way round.
SELECT a.authorization_id, a.status::text AS status, coalesce(p.status, '')::text AS approval FROM authorizations a
LEFT JOIN approvals p ON p.company_id = a.company_id AND p.live = a.live AND p.authorization_id = a.authorization_id
WHERE a.company_id = @company_id AND a.live = @live AND a.approval_id IS DISTINCT FROM p.approval_id
  OR a.company_id = @company_id AND a.live = @live AND (a.status = 'held') <> (coalesce(p.status, '') = 'pending')
UNION ALL
SELECT p.authorization_id, '', p.status FROM approvals p
WHERE p.company_id = @company_id AND p.live = @live AND NOT EXISTS (SELECT FROM authorizations a
  WHERE a.company_id = p.company_id AND a.live = p.live AND a.authorization_id = p.authorization_id);

-- name: ReconcileMerchants :many
-- Who was paid, and is not remembered.
SELECT DISTINCT a.merchant_key FROM authorizations a
WHERE a.company_id = @company_id AND a.live = @live AND a.status = 'confirmed'
  AND NOT EXISTS (SELECT FROM known_merchants k
    WHERE k.company_id = a.company_id AND k.live = a.live AND k.merchant_key = a.merchant_key);

-- name: ReconcileAuthorizations :many
SELECT authorization_id, status, decision, approval_id FROM authorizations
WHERE company_id = @company_id AND live = @live AND authorization_id > @after
ORDER BY authorization_id LIMIT 5000;

-- name: ReconcileEvents :many
SELECT event_id, type, subject FROM audit_events
WHERE company_id = @company_id AND live = @live AND event_id > @after
ORDER BY event_id LIMIT 5000;
