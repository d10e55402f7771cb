-- The books. Whatever moves a balance holds the account's row.

-- name: LedgerOpenAccounts :many
-- Accounts that were not there before, in one order everywhere.
INSERT INTO ledger_accounts (company_id, live, account_id, kind, owner_id, currency, debit, floor)
SELECT @company_id, @live, a.id, a.kind, a.owner, a.currency, a.debit, CASE WHEN a.floored THEN 0 END
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@kinds::text[]) AS kind, unnest(@owners::uuid[]) AS owner,
  unnest(@currencies::text[]) AS currency, unnest(@debits::bool[]) AS debit, unnest(@floored::bool[]) AS floored) a
ORDER BY a.kind, a.owner, a.currency
ON CONFLICT (company_id, live, kind, owner_id, currency) DO NOTHING
RETURNING kind, owner_id, currency;

-- name: LedgerLockAccounts :many
-- In the order in which they are given, each by its name: also before there are
-- statistics, the company's other accounts are not looked at.
SELECT a.* FROM (SELECT unnest(@kinds::text[]) AS kind, unnest(@owners::uuid[]) AS owner_id, unnest(@currencies::text[]) AS currency) w
CROSS JOIN LATERAL (SELECT x.* FROM ledger_accounts x WHERE x.company_id = @company_id AND x.live = @live
  AND x.kind = w.kind AND x.owner_id = w.owner_id AND x.currency = w.currency FOR UPDATE) a;

-- name: LedgerMoveBalances :exec
UPDATE ledger_accounts a SET balance = a.balance + (@amounts::bigint[])[array_position(@ids::uuid[], a.account_id)]
WHERE a.company_id = @company_id AND a.live = @live AND a.account_id = ANY(@ids::uuid[]);

-- name: LedgerSetFloor :exec
UPDATE ledger_accounts SET floor = $4 WHERE company_id = $1 AND live = $2 AND account_id = $3;

-- name: LedgerClock :one
-- Read with the accounts locked.
SELECT clock_timestamp()::timestamptz AS now;

-- name: LedgerByKey :one
SELECT * FROM ledger_transactions WHERE company_id = $1 AND live = $2 AND key = $3;

-- name: LedgerInsertTransaction :exec
INSERT INTO ledger_transactions (company_id, live, transaction_id, key, digest, kind, reference, reverses, hold_id, rate, entries, posted_by, created_at)
VALUES (@company_id, @live, @transaction_id, @key, @digest, @kind, @reference, @reverses, @hold_id, @rate, @entries, @posted_by, @created_at);

-- name: LedgerReversed :one
SELECT EXISTS (SELECT FROM ledger_transactions WHERE company_id = $1 AND live = $2 AND reverses = $3);

-- name: LedgerInsertEntries :exec
INSERT INTO ledger_entries (company_id, live, transaction_id, number, account_id, currency, amount, created_at)
SELECT @company_id, @live, @transaction_id, e.number, e.account_id, e.currency, e.amount, @created_at
FROM (SELECT unnest(@numbers::int[]) AS number, unnest(@accounts::uuid[]) AS account_id, unnest(@currencies::text[]) AS currency,
  unnest(@amounts::bigint[]) AS amount) e;

-- name: LedgerInsertHold :exec
INSERT INTO ledger_holds (company_id, live, hold_id, account_id, currency, amount, tolerance, remaining, reference, created_at)
VALUES (@company_id, @live, @hold_id, @account_id, @currency, @amount, @tolerance, @amount, @reference, @created_at);

-- name: LedgerGetHold :one
SELECT sqlc.embed(h), sqlc.embed(a) FROM ledger_holds h
JOIN ledger_accounts a ON a.company_id = h.company_id AND a.live = h.live AND a.account_id = h.account_id
WHERE h.company_id = $1 AND h.live = $2 AND h.hold_id = $3;

-- name: LedgerLockHold :one
SELECT sqlc.embed(h), sqlc.embed(a) FROM ledger_holds h
JOIN ledger_accounts a ON a.company_id = h.company_id AND a.live = h.live AND a.account_id = h.account_id
WHERE h.company_id = $1 AND h.live = $2 AND h.hold_id = $3
FOR UPDATE OF h;

-- name: LedgerChangeHold :exec
UPDATE ledger_holds SET captured = @captured, released = @released, remaining = @remaining,
  closed_at = sqlc.narg(closed_at)
WHERE company_id = @company_id AND live = @live AND hold_id = @hold_id;

-- name: LedgerAccounts :many
-- Newest first; an owner narrows it to what is that agent's.
SELECT * FROM ledger_accounts
WHERE company_id = @company_id AND live = @live
  AND (sqlc.narg(owner)::uuid IS NULL OR owner_id = sqlc.narg(owner))
  AND (@kind::text = '' OR kind = @kind) AND (@currency::text = '' OR currency = @currency)
  AND (sqlc.narg(before)::uuid IS NULL OR account_id < sqlc.narg(before))
ORDER BY account_id DESC LIMIT @max_rows;

-- name: LedgerGetAccount :one
SELECT * FROM ledger_accounts WHERE company_id = $1 AND live = $2 AND account_id = $3;

-- name: LedgerBalanceAt :one
SELECT coalesce(sum(amount), 0)::bigint AS balance FROM ledger_entries
WHERE company_id = @company_id AND live = @live AND account_id = @account_id AND created_at <= @at::timestamptz;

-- name: LedgerTransactions :many
SELECT t.* FROM ledger_transactions t
WHERE t.company_id = @company_id AND t.live = @live AND (@kind::text = '' OR t.kind = @kind)
  AND (sqlc.narg(account)::uuid IS NULL OR EXISTS (SELECT FROM ledger_entries e
    WHERE e.company_id = t.company_id AND e.live = t.live AND e.transaction_id = t.transaction_id AND e.account_id = sqlc.narg(account)))
  AND (sqlc.narg(owner)::uuid IS NULL OR EXISTS (SELECT FROM ledger_entries e
    JOIN ledger_accounts a ON a.company_id = e.company_id AND a.live = e.live AND a.account_id = e.account_id
    WHERE e.company_id = t.company_id AND e.live = t.live AND e.transaction_id = t.transaction_id AND a.owner_id = sqlc.narg(owner)))
  AND (sqlc.narg(before)::uuid IS NULL OR t.transaction_id < sqlc.narg(before))
ORDER BY t.transaction_id DESC LIMIT @max_rows;

-- name: LedgerHeldOf :many
-- What is set aside of each of these accounts.
SELECT owner_id, balance FROM ledger_accounts
WHERE company_id = @company_id AND live = @live AND kind = 'hold' AND owner_id = ANY(@accounts::uuid[]);

-- name: LedgerGetTransaction :one
SELECT * FROM ledger_transactions WHERE company_id = $1 AND live = $2 AND transaction_id = $3;

-- name: LedgerEntries :many
SELECT e.transaction_id, e.number, e.amount, sqlc.embed(a) FROM ledger_entries e
JOIN ledger_accounts a ON a.company_id = e.company_id AND a.live = e.live AND a.account_id = e.account_id
WHERE e.company_id = @company_id AND e.live = @live AND e.transaction_id = ANY(@transactions::uuid[])
ORDER BY e.transaction_id DESC, e.number;

-- name: LedgerTrialBalance :many
SELECT kind, currency, debit, count(*)::bigint AS accounts,
  coalesce(sum(greatest(balance, 0)), 0)::bigint AS debits, coalesce(sum(greatest(-balance, 0)), 0)::bigint AS credits
FROM ledger_accounts WHERE company_id = $1 AND live = $2
GROUP BY kind, currency, debit ORDER BY currency, kind;

-- name: ReconcileAccounts :many
-- Accounts whose kept balance is not the sum of their entries.
SELECT a.account_id, a.currency, a.balance, coalesce(e.balance, 0)::bigint AS entries FROM ledger_accounts a
LEFT JOIN (SELECT x.account_id, sum(x.amount) AS balance FROM ledger_entries x
  WHERE x.company_id = @company_id AND x.live = @live GROUP BY 1) e ON e.account_id = a.account_id
WHERE a.company_id = @company_id AND a.live = @live AND a.balance <> coalesce(e.balance, 0)
ORDER BY 1;

-- name: ReconcileTrial :many
-- Currencies whose accounts do not add up to zero.
SELECT currency, sum(balance)::bigint AS balance FROM ledger_accounts
WHERE company_id = @company_id AND live = @live GROUP BY currency HAVING sum(balance) <> 0 ORDER BY 1;

-- name: ReconcileUneven :many
-- Transactions whose entries do not balance, or are not as many as they were.
SELECT t.transaction_id FROM ledger_transactions t
LEFT JOIN ledger_entries e ON e.company_id = t.company_id AND e.live = t.live AND e.transaction_id = t.transaction_id
WHERE t.company_id = @company_id AND t.live = @live
GROUP BY t.transaction_id, t.entries, e.currency
HAVING sum(coalesce(e.amount, 0)) <> 0 OR count(e.number) = 0 ORDER BY 1;

-- name: ReconcileHolds :many
-- Accounts whose open holds are not what the account of its holds has.
SELECT coalesce(h.account_id, a.owner_id)::uuid AS account_id, coalesce(h.currency, a.currency)::text AS currency,
  coalesce(h.remaining, 0)::bigint AS remaining, coalesce(a.balance, 0)::bigint AS balance
FROM (SELECT x.account_id, x.currency, sum(x.remaining)::bigint AS remaining FROM ledger_holds x
  WHERE x.company_id = @company_id AND x.live = @live GROUP BY 1, 2) h
FULL JOIN (SELECT y.owner_id, y.currency, y.balance FROM ledger_accounts y
  WHERE y.company_id = @company_id AND y.live = @live AND y.kind = 'hold') a ON a.owner_id = h.account_id AND a.currency = h.currency
WHERE coalesce(h.remaining, 0) <> coalesce(a.balance, 0) ORDER BY 1, 2;

-- name: LedgerShortfalls :many
-- What is owed for the wallets of these.
SELECT owner_id, currency, balance FROM ledger_accounts
WHERE company_id = @company_id AND live = @live AND kind = 'shortfall' AND owner_id = ANY(@owners::uuid[]);

-- name: LedgerOwings :many
-- Wallets of every company that have money and owe some.
SELECT w.company_id, w.live, w.owner_id, w.currency FROM ledger_accounts s
JOIN ledger_accounts w ON w.company_id = s.company_id AND w.live = s.live AND w.kind = 'wallet' AND w.owner_id = s.owner_id AND w.currency = s.currency
WHERE s.kind = 'shortfall' AND s.balance <> 0 AND w.balance > 0
LIMIT 200;
