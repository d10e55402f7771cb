-- Cards. Whoever changes one, or moves its money, holds the agent's row and then
-- the card's.

-- name: CardGround :one
-- What a new card stands on, without a lock.
SELECT m.frozen_at, c.time_zone, a.status AS agent_status
FROM company_modes m JOIN companies c ON c.company_id = m.company_id
JOIN agents a ON a.company_id = m.company_id AND a.live = m.live
WHERE m.company_id = @company_id AND m.live = @live AND a.agent_id = @agent_id;

-- name: CardLockGround :one
-- The same, while neither the mode nor the agent changes, in turn as the gate's.
SELECT m.frozen_at, c.time_zone, a.status AS agent_status
FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended('mode ' || (@company_id::uuid)::text || (@live::boolean)::text, 0)) OFFSET 0) turn
CROSS JOIN company_modes m JOIN companies c ON c.company_id = m.company_id
JOIN agents a ON a.company_id = m.company_id AND a.live = m.live
WHERE m.company_id = @company_id AND m.live = @live AND a.agent_id = @agent_id
FOR SHARE OF m FOR NO KEY UPDATE OF a;

-- name: CardLockAgent :exec
SELECT FROM agents WHERE company_id = $1 AND live = $2 AND agent_id = $3 FOR NO KEY UPDATE;

-- name: CardClock :one
SELECT clock_timestamp()::timestamptz AS now;

-- name: CardInsert :exec
INSERT INTO cards (company_id, live, card_id, agent_id, currency, name, provider, provider_ref, status, last4, exp_month, exp_year,
  single_use, wallet_owner, controls, metadata)
VALUES (@company_id, @live, @card_id, @agent_id, @currency, @name, @provider, @provider_ref, 'active', @last4, @exp_month, @exp_year,
  @single_use, @wallet_owner, @controls, @metadata);

-- name: CardGet :one
SELECT sqlc.embed(c), coalesce(b.balance, 0)::bigint AS balance, coalesce(h.balance, 0)::bigint AS held
FROM cards c
LEFT JOIN LATERAL (SELECT x.account_id, x.balance FROM ledger_accounts x
  WHERE x.company_id = c.company_id AND x.live = c.live AND x.kind = 'card' AND x.owner_id = c.card_id AND x.currency = c.currency OFFSET 0) b ON true
LEFT JOIN LATERAL (SELECT x.balance FROM ledger_accounts x
  WHERE x.company_id = c.company_id AND x.live = c.live AND x.kind = 'hold' AND x.owner_id = b.account_id AND x.currency = c.currency OFFSET 0) h ON true
WHERE c.company_id = @company_id AND c.live = @live AND c.card_id = @card_id;

-- name: CardLock :one
SELECT * FROM cards WHERE company_id = $1 AND live = $2 AND card_id = $3 FOR UPDATE;

-- name: CardList :many
-- Newest first.
SELECT sqlc.embed(c), coalesce(b.balance, 0)::bigint AS balance, coalesce(h.balance, 0)::bigint AS held
FROM cards c
LEFT JOIN ledger_accounts b ON b.company_id = c.company_id AND b.live = c.live AND b.kind = 'card' AND b.owner_id = c.card_id AND b.currency = c.currency
LEFT JOIN ledger_accounts h ON h.company_id = c.company_id AND h.live = c.live AND h.kind = 'hold' AND h.owner_id = b.account_id AND h.currency = c.currency
WHERE c.company_id = @company_id AND c.live = @live
  AND (sqlc.narg(agent)::uuid IS NULL OR c.agent_id = sqlc.narg(agent))
  AND (@status::text = '' OR c.status = @status) AND (@currency::text = '' OR c.currency = @currency)
  AND (sqlc.narg(before)::uuid IS NULL OR c.card_id < sqlc.narg(before))
ORDER BY c.card_id DESC LIMIT @max_rows;

-- name: CardByRef :one
-- A provider knows a card by its own id.
SELECT card_id FROM cards WHERE company_id = $1 AND live = $2 AND provider = $3 AND provider_ref = $4;

-- name: CardUpdate :exec
UPDATE cards SET name = @name, controls = @controls, metadata = @metadata
WHERE company_id = @company_id AND live = @live AND card_id = @card_id;

-- name: CardSetStatus :exec
UPDATE cards SET status = @status,
  frozen_at = CASE WHEN @status::text = 'frozen' THEN clock_timestamp() END,
  canceled_at = CASE WHEN @status::text = 'canceled' THEN clock_timestamp() END
WHERE company_id = @company_id AND live = @live AND card_id = @card_id;

-- name: CardWallet :one
-- Whether there is such a wallet, and what it has.
SELECT balance FROM ledger_accounts
WHERE company_id = @company_id AND live = @live AND kind = 'wallet' AND owner_id = @owner_id AND currency = @currency;

-- name: CardNumberInsert :execrows
INSERT INTO card_numbers (company_id, live, card_id, lookup, sealed, exp_month, exp_year)
VALUES (@company_id, @live, @card_id, @lookup, @sealed, @exp_month, @exp_year)
ON CONFLICT (lookup) DO NOTHING;

-- name: CardNumberOf :one
SELECT sealed, exp_month, exp_year FROM card_numbers WHERE company_id = $1 AND live = $2 AND card_id = $3;

-- name: CardByNumber :one
SELECT company_id, live, card_id FROM card_numbers WHERE lookup = $1;

-- name: CardRevealTurn :exec
-- Reveals of one side of a company take turns, so that they are counted one
-- after the other.
SELECT pg_advisory_xact_lock(@hash::bigint);

-- name: CardRevealCounts :one
-- How many there were lately of this card and of all, and when the oldest that
-- counts was.
SELECT clock_timestamp()::timestamptz AS now,
  count(*) FILTER (WHERE card_id = @card_id AND created_at > clock_timestamp() - make_interval(secs => @card_seconds::int))::int AS of_card,
  coalesce(min(created_at) FILTER (WHERE card_id = @card_id AND created_at > clock_timestamp() - make_interval(secs => @card_seconds::int)), clock_timestamp())::timestamptz AS card_since,
  count(*)::int AS of_all, coalesce(min(created_at), clock_timestamp())::timestamptz AS all_since
FROM card_reveals
WHERE company_id = @company_id AND live = @live AND created_at > clock_timestamp() - make_interval(secs => @all_seconds::int);

-- name: CardRevealInsert :exec
INSERT INTO card_reveals (company_id, live, reveal_id, card_id, revealed_by, reason)
VALUES (@company_id, @live, @reveal_id, @card_id, @revealed_by, @reason);

-- name: CardTransactions :many
-- Newest first.
SELECT * FROM card_transactions
WHERE company_id = @company_id AND live = @live AND card_id = @card_id
  AND (sqlc.narg(before)::uuid IS NULL OR transaction_id < sqlc.narg(before))
ORDER BY transaction_id DESC LIMIT @max_rows;

-- name: CardTransactionByNetworkID :one
SELECT * FROM card_transactions WHERE company_id = $1 AND live = $2 AND card_id = $3 AND network_id = $4;

-- name: CardTransactionInsert :one
-- What belongs to a hold counts when the hold was placed.
INSERT INTO card_transactions (company_id, live, transaction_id, card_id, type, network_id, authorization_id, follows, amount, above,
  hold_id, counted_at, merchant, merchant_key, code, network_code, reason, ledger_id)
VALUES (@company_id, @live, @transaction_id, @card_id, @type, @network_id, @authorization_id, @follows, @amount, @above,
  sqlc.narg(hold_id), coalesce((SELECT h.created_at FROM ledger_holds h WHERE h.company_id = @company_id AND h.live = @live AND h.hold_id = sqlc.narg(hold_id)), @counted_at),
  @merchant, @merchant_key, @code, @network_code, @reason, @ledger_id)
RETURNING created_at;

-- name: CardSetUsed :exec
UPDATE cards SET used_at = clock_timestamp() WHERE company_id = $1 AND live = $2 AND card_id = $3 AND single_use;

-- name: CardAdmit :one
-- The card of a swipe, locked, with the zone that its rules follow and the clock.
SELECT sqlc.embed(c), o.time_zone, clock_timestamp()::timestamptz AS now
FROM cards c JOIN companies o ON o.company_id = c.company_id
WHERE c.company_id = @company_id AND c.live = @live AND c.card_id = @card_id
FOR UPDATE OF c;

-- name: CardFacts :one
-- What a swipe is held against, all of it from rows that are written before the
-- gate writes its own: the swipes before this one in the same transaction count.
-- spent is what was captured and is held, of each window; waiting and approved
-- are requests for the same, that people have not decided and have approved.
-- Other tables are asked row by row: a join would be planned by the company.
SELECT
  EXISTS (SELECT FROM card_transactions k WHERE k.company_id = @company_id AND k.live = @live AND k.card_id = @card_id AND k.network_id = @network_id) AS known,
  coalesce((SELECT x.authorization_id FROM card_transactions x
    WHERE x.company_id = @company_id AND x.live = @live AND x.card_id = @card_id AND x.code = 'approval_required'
      AND x.merchant_key = @merchant_key AND x.amount = @amount
      AND coalesce((SELECT a.status = 'held' AND a.expires_at > clock_timestamp() FROM authorizations a
        WHERE a.company_id = x.company_id AND a.live = x.live AND a.authorization_id = x.authorization_id), true) LIMIT 1), '00000000-0000-0000-0000-000000000000')::uuid AS waiting,
  coalesce((SELECT x.authorization_id FROM card_transactions x
    WHERE x.company_id = @company_id AND x.live = @live AND x.card_id = @card_id AND x.code = 'approval_required' AND x.merchant_key = @merchant_key
      AND (SELECT a.status = 'pending' AND a.hold_id IS NULL AND a.amount >= @amount AND a.expires_at > clock_timestamp() FROM authorizations a
        WHERE a.company_id = x.company_id AND a.live = x.live AND a.authorization_id = x.authorization_id)
      AND (SELECT count(*) = 0 FROM card_transactions p WHERE p.company_id = x.company_id AND p.live = x.live AND p.card_id = x.card_id
        AND p.authorization_id = x.authorization_id AND p.type = 'authorization') LIMIT 1), '00000000-0000-0000-0000-000000000000')::uuid AS approved,
  ARRAY(SELECT (coalesce((SELECT sum(CASE WHEN t.type IN ('capture', 'force_post') THEN t.amount ELSE -t.amount END) FROM card_transactions t
      WHERE t.company_id = @company_id AND t.live = @live AND t.card_id = @card_id AND t.counted_at >= w.since
        AND t.type IN ('capture', 'refund', 'force_post', 'dispute_won')), 0)
    + coalesce((SELECT sum(h.remaining) FROM ledger_holds h
      WHERE h.company_id = @company_id AND h.live = @live AND h.closed_at IS NULL AND h.created_at >= w.since
        AND h.account_id = (SELECT b.account_id FROM ledger_accounts b WHERE b.company_id = @company_id AND b.live = @live
          AND b.kind = 'card' AND b.owner_id = @card_id AND b.currency = @currency::text)), 0))::bigint
    FROM unnest(@since::timestamptz[]) WITH ORDINALITY AS w(since, n) ORDER BY w.n)::bigint[] AS spent,
  ARRAY(SELECT r.created_at FROM card_transactions r
    WHERE r.company_id = @company_id AND r.live = @live AND r.card_id = @card_id AND r.type = 'authorization'
    ORDER BY r.created_at DESC LIMIT @recent::int)::timestamptz[] AS recent;

-- name: CardRoot :one
-- How an authorization began on this card.
SELECT * FROM card_transactions
WHERE company_id = $1 AND live = $2 AND card_id = $3 AND authorization_id = $4
ORDER BY (type = 'authorization') DESC, transaction_id LIMIT 1;

-- name: CardDispute :one
-- The last word on a dispute about an authorization.
SELECT * FROM card_transactions
WHERE company_id = $1 AND live = $2 AND card_id = $3 AND authorization_id = $4 AND type IN ('dispute_opened', 'dispute_won', 'dispute_lost')
ORDER BY transaction_id DESC LIMIT 1;

-- name: CardsToSettle :many
-- Cards of every company whose money has come free by time: canceled ones with
-- something on them, and single-use ones whose swipe is over. Nothing is open for
-- longer than a week.
SELECT c.company_id, c.live, c.card_id FROM cards c
JOIN ledger_accounts b ON b.company_id = c.company_id AND b.live = c.live AND b.kind = 'card' AND b.owner_id = c.card_id AND b.currency = c.currency
WHERE c.status = 'canceled' AND c.canceled_at > clock_timestamp() - interval '8 days' AND b.balance > 0
UNION ALL
SELECT c.company_id, c.live, c.card_id FROM cards c
LEFT JOIN ledger_accounts b ON b.company_id = c.company_id AND b.live = c.live AND b.kind = 'card' AND b.owner_id = c.card_id AND b.currency = c.currency
LEFT JOIN ledger_accounts h ON h.company_id = c.company_id AND h.live = c.live AND h.kind = 'hold' AND h.owner_id = b.account_id AND h.currency = c.currency
WHERE c.used_at IS NOT NULL AND c.status <> 'canceled' AND coalesce(h.balance, 0) = 0
LIMIT 200;

-- name: CardStatement :many
-- What one provider's cards moved, oldest first.
SELECT c.provider_ref, c.currency, x.network_id, x.type, x.amount, x.created_at
FROM card_transactions x JOIN cards c ON c.company_id = x.company_id AND c.live = x.live AND c.card_id = x.card_id
WHERE x.company_id = @company_id AND x.live = @live AND c.provider = @provider AND x.ledger_id IS NOT NULL
  AND x.created_at >= @from_at AND x.created_at < @to_at
ORDER BY x.transaction_id;
