-- +goose Up

-- The company's own account at a provider of cards, one a mode. Its secrets are
-- sealed.
CREATE TABLE issuer_connections (
  company_id       uuid NOT NULL,
  live             boolean NOT NULL,
  provider         text NOT NULL,
  connection_id    uuid NOT NULL, -- names it in the address of its webhook
  account          text NOT NULL, -- the provider's name of it; empty where the key may not read it
  secret_key       bytea NOT NULL,
  key_ending       text NOT NULL, -- the last four characters
  webhook_secret   bytea,         -- NULL: the webhook is not there yet
  webhook_endpoint text NOT NULL DEFAULT '', -- the provider's id of it, when we made it
  webhook_trouble  text NOT NULL DEFAULT '', -- why it is not there
  cardholder       text NOT NULL, -- who its cards are issued to
  connected_by     text NOT NULL,
  connected_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, provider),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);
CREATE INDEX issuer_connections_id ON issuer_connections (connection_id);

-- Events of a provider whose effects are booked. Effects happen once by names of
-- their own; this spares the work of finding that out again.
CREATE TABLE issuer_events (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  provider    text NOT NULL,
  event_id    text NOT NULL,
  type        text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, provider, event_id),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);
CREATE INDEX issuer_events_age ON issuer_events (received_at);

-- What a provider says of its authorizations that are over. Whoever approves one
-- after that gives its hold back.
CREATE TABLE issuer_ended (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  provider   text NOT NULL,
  ref        text NOT NULL, -- the provider's id of the request to spend
  card_id    uuid NOT NULL,
  how        text NOT NULL, -- declined, reversed, expired, closed
  ended_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, provider, ref),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);
CREATE INDEX issuer_ended_age ON issuer_ended (ended_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON issuer_connections, issuer_events, issuer_ended TO purser_app;

-- +goose Down
DROP TABLE issuer_ended, issuer_events, issuer_connections;
