-- +goose Up

-- The books of one mode of a company. An entry's amount is in minor units, a
-- debit above zero and a credit below: what balances adds up to zero.

-- balance is the sum of the account's entries, kept in the transaction that
-- writes them, with the row locked. floor bounds it on the normal side.
CREATE TABLE ledger_accounts (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  account_id uuid NOT NULL,
  kind       text NOT NULL,
  owner_id   uuid NOT NULL, -- an agent, a card, a held account; nil: the company
  currency   text NOT NULL,
  debit      boolean NOT NULL, -- the normal side: debit or credit
  floor      bigint,           -- NULL: any balance is allowed
  balance    bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, account_id),
  CONSTRAINT ledger_accounts_floor CHECK (CASE WHEN debit THEN balance ELSE -balance END >= floor)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX ledger_accounts_name ON ledger_accounts (company_id, live, kind, owner_id, currency);
CREATE UNIQUE INDEX ledger_accounts_currency ON ledger_accounts (company_id, live, account_id, currency);

CREATE TABLE ledger_holds (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  hold_id    uuid NOT NULL,
  account_id uuid NOT NULL, -- whose money it is
  currency   text NOT NULL,
  amount     bigint NOT NULL CHECK (amount > 0),
  tolerance  bigint NOT NULL CHECK (tolerance >= 0), -- what captures may take above the amount
  captured   bigint NOT NULL DEFAULT 0,
  released   bigint NOT NULL DEFAULT 0,
  remaining  bigint NOT NULL, -- still in the account of holds
  reference  text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  closed_at  timestamptz,
  PRIMARY KEY (company_id, live, hold_id),
  FOREIGN KEY (company_id, live, account_id, currency) REFERENCES ledger_accounts (company_id, live, account_id, currency),
  CONSTRAINT ledger_holds_sums CHECK (captured >= 0 AND released >= 0 AND captured + released <= amount + tolerance
    AND remaining = greatest(amount - captured - released, 0) AND (remaining > 0) = (closed_at IS NULL))
);
CREATE INDEX ledger_holds_account ON ledger_holds (company_id, live, account_id) WHERE closed_at IS NULL;

-- entries says how many entries there are, so that none can be added later.
CREATE TABLE ledger_transactions (
  company_id     uuid NOT NULL,
  live           boolean NOT NULL,
  transaction_id uuid NOT NULL,
  key            text NOT NULL, -- the caller's: the same key is the same transaction
  digest         bytea NOT NULL, -- of what was to be posted
  kind           text NOT NULL,
  reference      text NOT NULL DEFAULT '',
  reverses       uuid,
  hold_id        uuid,
  rate           text, -- of an exchange, as a decimal
  entries        integer NOT NULL CHECK (entries >= 2),
  posted_by      text NOT NULL,
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (company_id, live, transaction_id),
  FOREIGN KEY (company_id, live, reverses) REFERENCES ledger_transactions (company_id, live, transaction_id),
  FOREIGN KEY (company_id, live, hold_id) REFERENCES ledger_holds (company_id, live, hold_id)
    DEFERRABLE INITIALLY DEFERRED -- the hold is written when the key has proved new
);
CREATE UNIQUE INDEX ledger_transactions_key ON ledger_transactions (company_id, live, key);
CREATE UNIQUE INDEX ledger_transactions_reverses ON ledger_transactions (company_id, live, reverses) WHERE reverses IS NOT NULL;

CREATE TABLE ledger_entries (
  company_id     uuid NOT NULL,
  live           boolean NOT NULL,
  transaction_id uuid NOT NULL,
  number         integer NOT NULL,
  account_id     uuid NOT NULL,
  currency       text NOT NULL,
  amount         bigint NOT NULL CHECK (amount <> 0),
  created_at     timestamptz NOT NULL, -- the transaction's
  PRIMARY KEY (company_id, live, transaction_id, number),
  FOREIGN KEY (company_id, live, transaction_id) REFERENCES ledger_transactions (company_id, live, transaction_id),
  FOREIGN KEY (company_id, live, account_id, currency) REFERENCES ledger_accounts (company_id, live, account_id, currency)
);
CREATE INDEX ledger_entries_account ON ledger_entries (company_id, live, account_id, transaction_id) INCLUDE (amount, created_at);

-- +goose StatementBegin
CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted integer;
  found integer;
  uneven text;
BEGIN
  SELECT t.entries INTO wanted FROM ledger_transactions t
    WHERE t.company_id = NEW.company_id AND t.live = NEW.live AND t.transaction_id = NEW.transaction_id;
  SELECT count(*) INTO found FROM ledger_entries e
    WHERE e.company_id = NEW.company_id AND e.live = NEW.live AND e.transaction_id = NEW.transaction_id;
  SELECT e.currency INTO uneven FROM ledger_entries e
    WHERE e.company_id = NEW.company_id AND e.live = NEW.live AND e.transaction_id = NEW.transaction_id
    GROUP BY e.currency HAVING sum(e.amount) <> 0 LIMIT 1;
  IF found IS DISTINCT FROM wanted OR uneven IS NOT NULL THEN
    RAISE EXCEPTION 'the transaction does not balance' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balances';
  END IF;
  RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER ledger_transactions_balance AFTER INSERT ON ledger_transactions
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balances();
CREATE CONSTRAINT TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balances();

-- +goose StatementBegin
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what is in the ledger stays: reverse it by a new transaction' USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
-- These bind the owner too.
CREATE TRIGGER ledger_transactions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

GRANT SELECT, INSERT ON ledger_accounts, ledger_holds, ledger_transactions, ledger_entries TO purser_app;
GRANT UPDATE (balance, floor) ON ledger_accounts TO purser_app;
GRANT UPDATE (captured, released, remaining, closed_at) ON ledger_holds TO purser_app;

-- +goose Down
DROP TABLE ledger_entries, ledger_transactions, ledger_holds, ledger_accounts;
DROP FUNCTION ledger_balances;
DROP FUNCTION ledger_refuse;
