-- +goose Up

-- Few are ever opened, and those of all companies are looked for every few
-- seconds. Balances are in no index, so that moving them changes none.
CREATE INDEX ledger_accounts_shortfalls ON ledger_accounts (company_id, live) WHERE kind = 'shortfall';

-- +goose Down
DROP INDEX ledger_accounts_shortfalls;
