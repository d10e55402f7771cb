-- +goose Up

-- What a member chose of the kinds of mail. A kind in neither list is as the
-- role and the mode have it, so that a later kind begins with its default.
CREATE TABLE message_choices (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  member_id  uuid NOT NULL,
  wanted     text[] NOT NULL,
  unwanted   text[] NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, member_id),
  FOREIGN KEY (company_id, member_id) REFERENCES members
);

-- Who is out of office until when, and who stands in. It holds for both modes,
-- as the person is away from both.
CREATE TABLE stand_ins (
  company_id  uuid NOT NULL,
  member_id   uuid NOT NULL,
  stand_in_id uuid NOT NULL,
  begins_at   timestamptz NOT NULL,
  ends_at     timestamptz NOT NULL CHECK (ends_at > begins_at),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, member_id),
  FOREIGN KEY (company_id, member_id) REFERENCES members,
  FOREIGN KEY (company_id, stand_in_id) REFERENCES members,
  CHECK (member_id <> stand_in_id)
);

-- A channel that takes what Slack's incoming webhooks take. The address is a
-- secret: whoever has it may write there.
CREATE TABLE slack_hooks (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  sealed_url bytea NOT NULL,
  host       text NOT NULL,
  ending     text NOT NULL, -- the last four characters, to tell two apart
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);

-- Which limits were told to be nearly or wholly used, in which of their windows.
CREATE TABLE limit_notices (
  company_id  uuid NOT NULL,
  live        boolean NOT NULL,
  limit_key   text NOT NULL, -- the policy, the period, the amount and whose it is
  window_from timestamptz NOT NULL,
  threshold   smallint NOT NULL, -- percent
  told_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, limit_key, window_from, threshold),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);

-- When a tenant that spends has its limits looked at next.
CREATE TABLE limit_looks (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  next_at    timestamptz NOT NULL,
  PRIMARY KEY (company_id, live),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);

-- One message to one recipient. River's job of it holds its id alone: what it
-- says is read when it is delivered.
CREATE TABLE messages (
  company_id uuid NOT NULL,
  live       boolean NOT NULL,
  message_id uuid NOT NULL,
  kind       text NOT NULL,
  channel    text NOT NULL CHECK (channel IN ('mail', 'slack')),
  about      text NOT NULL, -- a public id, or what else there is one message of
  member_id  uuid NOT NULL, -- nil for a channel
  away_id    uuid,          -- whom the member stands in for
  data       jsonb NOT NULL DEFAULT '{}',
  state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'joined', 'dropped', 'failed')),
  attempts   integer NOT NULL DEFAULT 0,
  trouble    text NOT NULL DEFAULT '', -- why the last attempt failed, as one of few words
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (company_id, live, message_id)
);
CREATE UNIQUE INDEX messages_once ON messages (company_id, live, about, kind, channel, member_id);
CREATE INDEX messages_open ON messages (company_id, live, message_id) WHERE state IN ('waiting', 'failed');
CREATE INDEX messages_age ON messages USING brin (created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON message_choices, stand_ins, slack_hooks, limit_notices, limit_looks, messages TO purser_app;

-- +goose Down
DROP TABLE messages, limit_looks, limit_notices, slack_hooks, stand_ins, message_choices;
