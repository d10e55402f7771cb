-- name: LedgerOfOwners :many
-- What the accounts of one kind have that belong to these.
SELECT owner_id, balance FROM ledger_accounts
WHERE company_id = @company_id AND live = @live AND kind = @kind AND owner_id = ANY(@owners::uuid[]);
