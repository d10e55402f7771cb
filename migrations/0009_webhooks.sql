-- +goose Up

-- Addresses that hear of events. Their secrets are sealed.
CREATE TABLE webhook_endpoints (
  company_id      uuid NOT NULL,
  live            boolean NOT NULL,
  webhook_id      uuid NOT NULL,
  url             text NOT NULL,
  description     text NOT NULL,
  -- types of events, families such as authorization.*, or *
  events          text[] NOT NULL,
  enabled         boolean NOT NULL,
  -- why the server disabled it: gone, failing; empty when a person did
  disabled_reason text NOT NULL DEFAULT '',
  secret          bytea NOT NULL,
  -- signs as well until then
  old_secret      bytea,
  old_until       timestamptz,
  -- the first failure since the last success
  failing_since   timestamptz,
  created_by      text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, webhook_id),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);

-- One event for one address. A delivery outlives its endpoint until it is old.
CREATE TABLE webhook_deliveries (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  delivery_id uuid NOT NULL,
  webhook_id  uuid NOT NULL,
  event       text NOT NULL, -- its public id; empty for a test
  type        text NOT NULL,
  -- what is sent, byte by byte the same each time
  body        text NOT NULL,
  status      text NOT NULL DEFAULT 'pending', -- delivered, failed, canceled
  -- all that were made, and those since the start or the last replay
  attempts    integer NOT NULL DEFAULT 0,
  tries       integer NOT NULL DEFAULT 0,
  -- the next attempt; while one is under way, when it counts as lost
  next_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at    timestamptz,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (company_id, live, delivery_id)
);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (company_id, live, webhook_id, delivery_id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  delivery_id uuid NOT NULL,
  number      integer NOT NULL, -- from 1
  started_at  timestamptz NOT NULL,
  took_ms     integer NOT NULL,
  status      integer, -- of the answer, if there was one
  trouble     text NOT NULL, -- what went wrong, in our words
  answer      text NOT NULL, -- how its body begins
  PRIMARY KEY (company_id, live, delivery_id, number),
  FOREIGN KEY (company_id, live, delivery_id) REFERENCES webhook_deliveries ON DELETE CASCADE
);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints, webhook_deliveries, webhook_attempts TO purser_app;

-- +goose Down
DROP TABLE webhook_attempts, webhook_deliveries, webhook_endpoints;
