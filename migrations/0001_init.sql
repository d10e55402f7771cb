-- +goose Up

-- The tenant is a company, and every table that belongs to one has company_id
-- first in its primary key and in every unique index: the tenant is the shard.
-- `live` says which of the company's two sides a row is on. Amounts are
-- integers of the currency's minor unit.

-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'purser_app') THEN
    CREATE ROLE purser_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- another database of this cluster migrates at the same moment
END
$$;
-- +goose StatementEnd

-- One row: what every replica of this installation shares.
CREATE TABLE installation (
  singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- keys the look-up hash of API keys and the seal of cursors
  lookup_key  bytea NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE signing_keys (
  key_id         text PRIMARY KEY,
  purpose        text NOT NULL CHECK (purpose IN ('token', 'checkpoint')),
  algorithm      text NOT NULL,
  public_key     bytea NOT NULL,
  sealed_private bytea NOT NULL,
  created_at     timestamptz NOT NULL,
  signs_from     timestamptz NOT NULL,
  signs_until    timestamptz,
  shown_until    timestamptz
);

CREATE TABLE people (
  person_id     uuid PRIMARY KEY,
  email         text NOT NULL UNIQUE CHECK (email = lower(email)),
  name          text NOT NULL DEFAULT '',
  clerk_user_id text UNIQUE,
  created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE magic_links (
  token_hash bytea PRIMARY KEY,
  email      text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX magic_links_by_email ON magic_links (email, created_at);

CREATE TABLE sessions (
  session_id uuid PRIMARY KEY,
  person_id  uuid NOT NULL REFERENCES people,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX sessions_by_person ON sessions (person_id);

CREATE TABLE companies (
  company_id          uuid PRIMARY KEY,
  name                text NOT NULL,
  currency            text NOT NULL,
  time_zone           text NOT NULL,
  approval_timeout    integer NOT NULL DEFAULT 86400 CHECK (approval_timeout > 0), -- seconds
  token_audience      text NOT NULL DEFAULT '',
  require_redemption  boolean NOT NULL DEFAULT false,
  version             integer NOT NULL DEFAULT 1,
  created_at          timestamptz NOT NULL DEFAULT now(),
  updated_at          timestamptz NOT NULL DEFAULT now()
);

-- The gate takes this row FOR SHARE and everything that changes what a
-- decision rests on takes it FOR UPDATE, so that the two never overlap.
CREATE TABLE company_modes (
  company_id uuid NOT NULL REFERENCES companies,
  live       boolean NOT NULL,
  epoch      bigint NOT NULL DEFAULT 1,
  frozen_at  timestamptz,
  PRIMARY KEY (company_id, live)
);

CREATE TABLE members (
  company_id uuid NOT NULL REFERENCES companies,
  member_id  uuid NOT NULL,
  person_id  uuid REFERENCES people,
  email      text NOT NULL CHECK (email = lower(email)),
  role       text NOT NULL CHECK (role IN ('owner', 'admin', 'approver', 'viewer')),
  status     text NOT NULL CHECK (status IN ('invited', 'active', 'removed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, member_id)
);
CREATE UNIQUE INDEX members_email ON members (company_id, email) WHERE status <> 'removed';
CREATE UNIQUE INDEX members_person ON members (company_id, person_id) WHERE status = 'active';
CREATE INDEX members_by_person ON members (person_id) WHERE status = 'active';
CREATE INDEX members_invited ON members (email) WHERE status = 'invited';

CREATE TABLE agents (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  agent_id    uuid NOT NULL,
  handle      text NOT NULL,
  name        text NOT NULL,
  description text NOT NULL DEFAULT '',
  metadata    jsonb NOT NULL DEFAULT '{}',
  status      text NOT NULL CHECK (status IN ('active', 'frozen', 'deleted')),
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, agent_id),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);
CREATE UNIQUE INDEX agents_handle ON agents (company_id, live, handle) WHERE status <> 'deleted';

CREATE TABLE api_keys (
  company_id   uuid NOT NULL,
  live         boolean NOT NULL,
  key_id       uuid NOT NULL,
  name         text NOT NULL,
  prefix       text NOT NULL,
  -- HMAC-SHA-256 of the whole key: found by it before bcrypt is tried, so that
  -- a guessed secret costs nothing
  lookup       bytea NOT NULL,
  bcrypt_hash  text NOT NULL,
  scopes       text[] NOT NULL,
  agent_id     uuid,
  -- the member that an approvals key acts as
  member_id    uuid,
  created_by   text NOT NULL,
  per_minute   integer,
  in_flight    integer,
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz,
  rerolled_to  uuid,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, key_id),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);
CREATE INDEX api_keys_lookup ON api_keys (lookup);
CREATE INDEX api_keys_agent ON api_keys (company_id, live, agent_id) WHERE agent_id IS NOT NULL;

CREATE TABLE policies (
  company_id     uuid NOT NULL,
  live           boolean NOT NULL,
  policy_id      uuid NOT NULL,
  version        integer NOT NULL,
  -- the company mode's epoch at the last change: a cache reads what is newer
  epoch          bigint NOT NULL,
  name           text NOT NULL,
  status         text NOT NULL CHECK (status IN ('draft', 'shadow', 'active', 'archived')),
  agents         uuid[] NOT NULL DEFAULT '{}', -- empty: the whole company
  effective_from timestamptz,
  effective_to   timestamptz,
  rules          jsonb NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, policy_id),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);
CREATE INDEX policies_by_epoch ON policies (company_id, live, epoch);

CREATE TABLE policy_versions (
  company_id     uuid NOT NULL,
  live           boolean NOT NULL,
  policy_id      uuid NOT NULL,
  version        integer NOT NULL,
  name           text NOT NULL,
  status         text NOT NULL,
  agents         uuid[] NOT NULL,
  effective_from timestamptz,
  effective_to   timestamptz,
  rules          jsonb NOT NULL,
  written_by     text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, policy_id, version),
  FOREIGN KEY (company_id, live, policy_id) REFERENCES policies
);

-- Which meters are kept: one row a (subject kind, currency, zone) that some
-- active or shadow limit needs. While one is `building`, the gate already adds
-- to its meters, and the history before is added beside the traffic.
CREATE TABLE meter_scopes (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('agent', 'company', 'set')),
  scope_id   uuid NOT NULL, -- the set of agents, the company, or nil for every agent
  currency   text NOT NULL,
  time_zone  text NOT NULL,
  state      text NOT NULL CHECK (state IN ('building', 'ready')),
  -- for kind set: whose spending it adds up
  agents     uuid[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, kind, scope_id, currency, time_zone),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);

-- One row a (subject, currency, zone), with the running window of each period
-- beside each other. A window's columns are zero until its first use and are
-- rolled when a later window is touched.
CREATE TABLE meters (
  company_id       uuid NOT NULL,
  live             boolean NOT NULL,
  subject          uuid NOT NULL,
  currency         text NOT NULL,
  time_zone        text NOT NULL,
  day_from         timestamptz NOT NULL,
  day_spent        bigint NOT NULL,
  day_reserved     bigint NOT NULL,
  week_from        timestamptz NOT NULL,
  week_spent       bigint NOT NULL,
  week_reserved    bigint NOT NULL,
  month_from       timestamptz NOT NULL,
  month_spent      bigint NOT NULL,
  month_reserved   bigint NOT NULL,
  quarter_from     timestamptz NOT NULL,
  quarter_spent    bigint NOT NULL,
  quarter_reserved bigint NOT NULL,
  year_from        timestamptz NOT NULL,
  year_spent       bigint NOT NULL,
  year_reserved    bigint NOT NULL,
  total_spent      bigint NOT NULL,
  total_reserved   bigint NOT NULL,
  PRIMARY KEY (company_id, live, subject, currency, time_zone)
) WITH (fillfactor = 50);

-- No foreign keys from here on: the gate holds the agent's row while it
-- writes, and a check per row would cost more than the row.
CREATE TABLE authorizations (
  company_id        uuid NOT NULL,
  live              boolean NOT NULL,
  authorization_id  uuid NOT NULL, -- its time part is created_at
  agent_id          uuid NOT NULL,
  status            text NOT NULL CHECK (status IN ('pending', 'held', 'confirmed', 'voided', 'expired', 'denied')),
  decision          text NOT NULL CHECK (decision IN ('APPROVED', 'DENIED', 'REQUIRES_APPROVAL')),
  reason_code       text NOT NULL,
  reason            text NOT NULL,
  currency          text NOT NULL,
  requested         bigint NOT NULL, -- as asked for
  amount            bigint NOT NULL, -- as approved, or less after a confirm
  refunded          bigint NOT NULL DEFAULT 0,
  merchant_name     text NOT NULL,
  merchant_mcc      text NOT NULL DEFAULT '',
  merchant_country  text NOT NULL DEFAULT '',
  merchant_domain   text NOT NULL DEFAULT '',
  merchant_key      text NOT NULL, -- the domain, else the name, normalised
  rail              text NOT NULL CHECK (rail IN ('api', 'card', 'iban', 'invoice', 'crypto')),
  capture           text NOT NULL CHECK (capture IN ('explicit', 'auto')),
  purpose           text NOT NULL DEFAULT '',
  metadata          jsonb,
  reference         text NOT NULL DEFAULT '', -- given at the confirm
  void_reason       text NOT NULL DEFAULT '',
  expires_in        integer NOT NULL, -- seconds
  expires_at        timestamptz,      -- of the hold, or of the wait for people
  created_at        timestamptz NOT NULL,
  decided_at        timestamptz,      -- when people approved or denied
  closed_at         timestamptz,      -- when confirmed, voided or expired
  redeemed_at       timestamptz,
  -- who asked: a key or a member, in its public form
  requested_by      text NOT NULL,
  policies          json NOT NULL,    -- [{"policy","version"}] that decided it
  trace             json NOT NULL,
  remedies          json,
  approval_id       uuid,
  PRIMARY KEY (company_id, live, authorization_id)
) WITH (fillfactor = 90);
CREATE INDEX authorizations_agent ON authorizations (company_id, live, agent_id, authorization_id);
-- What a velocity rule counts, later voids and denials by people included.
CREATE INDEX authorizations_counted ON authorizations (company_id, live, agent_id, authorization_id)
  WHERE decision <> 'DENIED' OR approval_id IS NOT NULL;
CREATE INDEX authorizations_open ON authorizations (company_id, live, expires_at)
  WHERE status IN ('pending', 'held');

-- Merchants that a company has paid: what `new_merchant` asks.
CREATE TABLE known_merchants (
  company_id   uuid NOT NULL,
  live         boolean NOT NULL,
  merchant_key text NOT NULL,
  first_at     timestamptz NOT NULL,
  PRIMARY KEY (company_id, live, merchant_key)
);

CREATE TABLE approvals (
  company_id       uuid NOT NULL,
  live             boolean NOT NULL,
  approval_id      uuid NOT NULL,
  authorization_id uuid NOT NULL,
  agent_id         uuid NOT NULL,
  status           text NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'expired', 'voided')),
  requirements     json NOT NULL, -- [{"policy","version","rule","approvals","approvers"}]
  digest           text NOT NULL,
  expires_at       timestamptz NOT NULL,
  created_at       timestamptz NOT NULL,
  decided_at       timestamptz,
  PRIMARY KEY (company_id, live, approval_id)
);
CREATE UNIQUE INDEX approvals_authorization ON approvals (company_id, live, authorization_id);
CREATE INDEX approvals_pending ON approvals (company_id, live, approval_id) WHERE status = 'pending';

CREATE TABLE approval_votes (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  approval_id uuid NOT NULL,
  person_id   uuid NOT NULL, -- a person counts once, by whatever credential
  member_id   uuid NOT NULL,
  role        text NOT NULL, -- at the moment of the vote
  verdict     text NOT NULL CHECK (verdict IN ('approve', 'deny')),
  amount      bigint,        -- when less was approved
  comment     text NOT NULL DEFAULT '',
  voted_by    text NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (company_id, live, approval_id, person_id)
);

-- What a repeated request is answered with. For requests of a person without
-- a company, company_id is the person.
CREATE TABLE idempotency_keys (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  key        text NOT NULL,
  route      text NOT NULL,
  body_hash  bytea NOT NULL,
  status     integer NOT NULL,
  answer     bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys USING brin (created_at);

-- Append-only: the server's role can insert and read, nothing else.
CREATE TABLE audit_events (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  event_id   uuid NOT NULL,
  type       text NOT NULL,
  actor      text NOT NULL,
  agent_id   uuid,
  subject    text NOT NULL,
  data       json,
  request_id text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  PRIMARY KEY (company_id, live, event_id)
);

-- Events without a position yet. Written with the event, removed by the
-- sequencer with the position that it gives: a late commit cannot be missed.
CREATE TABLE audit_pending (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  event_id   uuid NOT NULL,
  PRIMARY KEY (company_id, live, event_id)
);

CREATE TABLE audit_leaves (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  position   bigint NOT NULL,
  event_id   uuid NOT NULL,
  leaf_hash  bytea NOT NULL,
  PRIMARY KEY (company_id, live, position)
);
CREATE UNIQUE INDEX audit_leaves_event ON audit_leaves (company_id, live, event_id);

-- The interior hashes of each log's Merkle tree, numbered as
-- golang.org/x/mod/sumdb/tlog stores them.
CREATE TABLE audit_hashes (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  number     bigint NOT NULL,
  hash       bytea NOT NULL,
  PRIMARY KEY (company_id, live, number)
);

CREATE TABLE audit_heads (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  size       bigint NOT NULL,
  root       bytea NOT NULL,
  sealed_at  timestamptz NOT NULL,
  PRIMARY KEY (company_id, live)
);

-- The server's role may not rewrite what is remembered.
GRANT USAGE ON SCHEMA public TO purser_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO purser_app;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_events, audit_leaves, audit_hashes, policy_versions FROM purser_app;
REVOKE DELETE, TRUNCATE ON authorizations, approvals, approval_votes, companies, people, policies, agents, audit_heads FROM purser_app;
REVOKE INSERT, UPDATE, DELETE ON goose_db_version FROM purser_app;

-- +goose StatementBegin
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
-- A second lock, which also binds the owner.
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

INSERT INTO installation (lookup_key)
  VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

-- +goose Down
DROP TABLE audit_heads, audit_hashes, audit_leaves, audit_pending, audit_events, idempotency_keys,
  approval_votes, approvals, known_merchants, authorizations, meters, meter_scopes, policy_versions,
  policies, api_keys, agents, members, company_modes, companies, sessions, magic_links, people,
  signing_keys, installation;
DROP FUNCTION audit_refuse;
