-- +goose Up

-- Prepaid virtual cards. What is on a card is in the ledger, in the account of
-- kind card that it owns.
CREATE TABLE cards (
  company_id   uuid NOT NULL,
  live         boolean NOT NULL,
  card_id      uuid NOT NULL,
  agent_id     uuid NOT NULL,
  currency     text NOT NULL,
  name         text NOT NULL DEFAULT '',
  provider     text NOT NULL, -- sandbox, or one that the company connected
  provider_ref text NOT NULL, -- the provider's id of the card
  status       text NOT NULL CHECK (status IN ('active', 'frozen', 'canceled')),
  last4        text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'), -- all of the number that is here
  exp_month    integer NOT NULL CHECK (exp_month BETWEEN 1 AND 12),
  exp_year     integer NOT NULL,
  single_use   boolean NOT NULL DEFAULT false,
  wallet_owner uuid NOT NULL, -- whose wallet it is loaded from: an agent, or nil: the company
  controls     json NOT NULL, -- rules, as policies have them
  metadata     jsonb NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  frozen_at    timestamptz,
  canceled_at  timestamptz,
  used_at      timestamptz, -- of a single-use card: when its swipe was approved
  PRIMARY KEY (company_id, live, card_id),
  FOREIGN KEY (company_id, live, agent_id) REFERENCES agents (company_id, live, agent_id),
  CHECK ((status = 'canceled') = (canceled_at IS NOT NULL))
) WITH (fillfactor = 90);
-- Cards that money may still come free of by time.
CREATE INDEX cards_ending ON cards (used_at) WHERE used_at IS NOT NULL AND status <> 'canceled';
CREATE INDEX cards_ended ON cards (canceled_at) WHERE status = 'canceled';
CREATE INDEX cards_agent ON cards (company_id, live, agent_id, card_id);
CREATE UNIQUE INDEX cards_provider ON cards (company_id, live, provider, provider_ref);

-- The numbers of the sandbox's cards. A network knows a card by its number
-- alone, whoever's it is, so this is found without a company, and a number is
-- unique among all of them.
CREATE TABLE card_numbers (
  lookup     bytea PRIMARY KEY, -- HMAC-SHA-256 of the number
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  card_id    uuid NOT NULL,
  sealed     bytea NOT NULL, -- under a data key of its own, for this card alone
  exp_month  integer NOT NULL,
  exp_year   integer NOT NULL
);
CREATE INDEX card_numbers_card ON card_numbers (company_id, live, card_id);

-- What happened to a card at the network, once for each of the network's ids.
CREATE TABLE card_transactions (
  company_id       uuid NOT NULL,
  live             boolean NOT NULL,
  transaction_id   uuid NOT NULL,
  card_id          uuid NOT NULL,
  type             text NOT NULL CHECK (type IN ('authorization', 'decline', 'capture', 'reversal', 'refund', 'expiry', 'force_post',
    'credit', 'dispute_opened', 'dispute_won', 'dispute_lost')),
  network_id       text NOT NULL,
  authorization_id uuid,          -- what it belongs to
  follows          uuid,          -- of a late capture: the authorization that had run out
  amount           bigint NOT NULL CHECK (amount >= 0), -- minor units of the card's currency
  above            bigint NOT NULL DEFAULT 0 CHECK (above >= 0), -- of a capture: what the tolerance does not explain
  hold_id          uuid,          -- of an authorization: what it keeps of the card's account
  counted_at       timestamptz NOT NULL, -- of the hold, or of what was forced: which window of the card's limits it counts in
  merchant         text NOT NULL DEFAULT '',
  merchant_key     text NOT NULL DEFAULT '', -- the domain, else the name, normalised
  code             text NOT NULL, -- ok, or why not
  network_code     text NOT NULL, -- ISO 8583, field 39
  reason           text NOT NULL DEFAULT '',
  ledger_id        uuid,          -- the ledger's transaction, when money moved
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, transaction_id),
  FOREIGN KEY (company_id, live, card_id) REFERENCES cards (company_id, live, card_id)
);
CREATE UNIQUE INDEX card_transactions_once ON card_transactions (company_id, live, card_id, network_id);
CREATE INDEX card_transactions_card ON card_transactions (company_id, live, card_id, transaction_id);
-- What the card's own limits and velocity add up.
CREATE INDEX card_transactions_counted ON card_transactions (company_id, live, card_id, counted_at) INCLUDE (type, amount)
  WHERE type IN ('capture', 'refund', 'force_post', 'dispute_won');
CREATE INDEX card_transactions_approved ON card_transactions (company_id, live, card_id, created_at) WHERE type = 'authorization';
-- Swipes that wait, or waited, for people.
CREATE INDEX card_transactions_waiting ON card_transactions (company_id, live, card_id, merchant_key) WHERE code = 'approval_required';
CREATE INDEX card_transactions_authorization ON card_transactions (company_id, live, card_id, authorization_id, transaction_id);

-- Who saw a number, and why: it bounds how many can be looked at.
CREATE TABLE card_reveals (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  reveal_id   uuid NOT NULL,
  card_id     uuid NOT NULL,
  revealed_by text NOT NULL,
  reason      text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, reveal_id)
);
CREATE INDEX card_reveals_recent ON card_reveals (company_id, live, created_at);

GRANT SELECT, INSERT ON cards, card_numbers, card_transactions, card_reveals TO purser_app;
GRANT UPDATE (name, status, controls, metadata, frozen_at, canceled_at, used_at) ON cards TO purser_app;

-- +goose Down
DROP TABLE card_reveals, card_transactions, card_numbers, cards;
