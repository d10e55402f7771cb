-- Cards, what networks posted, authorizations and the books, compared by plain
-- sums. All of a tenant's queries run in one snapshot.

-- name: ReconcileCardCount :one
SELECT count(*) FROM cards WHERE company_id = $1 AND live = $2;

-- name: ReconcileCardMoney :many
-- Cards whose clearing account has not what their postings add up to.
WITH posted AS (
  SELECT x.card_id, sum(CASE WHEN x.type IN ('capture', 'force_post') THEN x.amount ELSE -x.amount END)::bigint AS amount
  FROM card_transactions x WHERE x.company_id = @company_id AND x.live = @live AND x.type IN ('capture', 'force_post', 'refund', 'credit', 'dispute_won')
  GROUP BY 1
), booked AS (
  SELECT a.owner_id AS card_id, a.balance FROM ledger_accounts a
  WHERE a.company_id = @company_id AND a.live = @live AND a.kind = 'clearing' AND a.owner_id <> '00000000-0000-0000-0000-000000000000'
)
SELECT c.card_id, c.currency, coalesce(p.amount, 0)::bigint AS posted, coalesce(b.balance, 0)::bigint AS booked
FROM cards c LEFT JOIN posted p ON p.card_id = c.card_id LEFT JOIN booked b ON b.card_id = c.card_id
WHERE c.company_id = @company_id AND c.live = @live AND coalesce(p.amount, 0) <> coalesce(b.balance, 0) ORDER BY 1;

-- name: ReconcileCardRows :many
-- Cards without an account, accounts without a card, and ended cards with money.
SELECT coalesce(c.card_id, a.owner_id)::uuid AS card_id, coalesce(c.currency, a.currency)::text AS currency,
  (c.card_id IS NOT NULL)::boolean AS has_card, (a.owner_id IS NOT NULL)::boolean AS has_account, coalesce(a.balance, 0)::bigint AS balance
FROM (SELECT x.card_id, x.currency, x.status FROM cards x WHERE x.company_id = @company_id AND x.live = @live) c
FULL JOIN (SELECT y.owner_id, y.currency, y.balance FROM ledger_accounts y
  WHERE y.company_id = @company_id AND y.live = @live AND y.kind = 'card') a ON a.owner_id = c.card_id AND a.currency = c.currency
WHERE c.card_id IS NULL OR a.owner_id IS NULL OR c.status = 'canceled' AND a.balance > 0 ORDER BY 1;

-- name: ReconcileCardAuthorizations :many
-- Card authorizations that have not spent what their card's postings say.
WITH posted AS (
  SELECT x.authorization_id, sum(CASE WHEN x.type IN ('capture', 'force_post') THEN x.amount ELSE -x.amount END)::bigint AS amount
  FROM card_transactions x WHERE x.company_id = @company_id AND x.live = @live AND x.type IN ('capture', 'force_post', 'refund', 'dispute_won')
  GROUP BY 1
), spent AS (
  SELECT a.authorization_id, a.currency, a.status::text AS status, (CASE WHEN a.status = 'confirmed' THEN a.amount ELSE coalesce(a.captured, 0) END - a.refunded) AS amount
  FROM authorizations a WHERE a.company_id = @company_id AND a.live = @live AND a.rail = 'card'
)
SELECT coalesce(s.authorization_id, p.authorization_id)::uuid AS authorization_id, coalesce(s.currency, '')::text AS currency,
  coalesce(s.status, '')::text AS status, coalesce(s.amount, 0)::bigint AS spent, coalesce(p.amount, 0)::bigint AS posted
FROM spent s FULL JOIN posted p ON p.authorization_id = s.authorization_id
WHERE s.authorization_id IS NULL OR coalesce(p.amount, 0) <> s.amount ORDER BY 1;

-- name: ReconcileAuthorizationHolds :many
-- Authorizations whose hold does not keep what they reserve.
SELECT a.authorization_id, a.currency, a.status::text AS status, h.remaining,
  (CASE WHEN a.status = 'pending' THEN a.amount - coalesce(a.captured, 0) ELSE 0 END)::bigint AS reserved
FROM authorizations a JOIN ledger_holds h ON h.company_id = a.company_id AND h.live = a.live AND h.hold_id = a.hold_id
WHERE a.company_id = @company_id AND a.live = @live
  AND h.remaining <> CASE WHEN a.status = 'pending' THEN a.amount - coalesce(a.captured, 0) ELSE 0 END ORDER BY 1;

-- name: ReconcileStrayHolds :many
-- Open holds on cards that no authorization has.
SELECT h.hold_id, h.currency, h.remaining, a.owner_id AS card_id FROM ledger_holds h
JOIN ledger_accounts a ON a.company_id = h.company_id AND a.live = h.live AND a.account_id = h.account_id AND a.kind = 'card'
WHERE h.company_id = @company_id AND h.live = @live AND h.closed_at IS NULL
  AND NOT EXISTS (SELECT FROM authorizations z WHERE z.company_id = h.company_id AND z.live = h.live AND z.hold_id = h.hold_id) ORDER BY 1;

-- name: ReconcileCardBookings :many
-- Postings that moved money, and whose ledger transaction is another sum.
SELECT x.transaction_id, x.card_id, x.type, x.amount, c.currency, coalesce(e.amount, 0)::bigint AS booked
FROM card_transactions x
JOIN cards c ON c.company_id = x.company_id AND c.live = x.live AND c.card_id = x.card_id
LEFT JOIN LATERAL (SELECT abs(sum(n.amount)) AS amount FROM ledger_entries n
  JOIN ledger_accounts a ON a.company_id = n.company_id AND a.live = n.live AND a.account_id = n.account_id
  WHERE n.company_id = x.company_id AND n.live = x.live AND n.transaction_id = x.ledger_id AND a.kind = 'clearing' AND a.owner_id = x.card_id) e ON true
WHERE x.company_id = @company_id AND x.live = @live AND x.type IN ('capture', 'force_post', 'refund', 'credit', 'dispute_won')
  AND coalesce(e.amount, 0) <> x.amount ORDER BY 1;

-- name: ReconcileCardProviders :many
SELECT DISTINCT provider FROM cards WHERE company_id = $1 AND live = $2 ORDER BY 1;

-- name: ReconcilePostings :many
-- What one provider's cards were posted since an instant, by its own ids.
SELECT x.transaction_id, x.card_id, x.network_id, x.type, x.amount, x.created_at, c.provider_ref, c.currency FROM card_transactions x
JOIN cards c ON c.company_id = x.company_id AND c.live = x.live AND c.card_id = x.card_id
WHERE x.company_id = @company_id AND x.live = @live AND c.provider = @provider AND x.created_at >= @since
  AND x.type IN ('capture', 'force_post', 'refund', 'credit', 'dispute_won') ORDER BY x.transaction_id;

-- name: ReconcileCardRefs :many
SELECT card_id, currency, provider_ref FROM cards WHERE company_id = @company_id AND live = @live AND provider = @provider;
