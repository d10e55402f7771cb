-- +goose Up

-- What was found when everything of one mode was added up again and compared.
CREATE TABLE reconciliations (
  company_id        uuid NOT NULL,
  live              boolean NOT NULL,
  reconciliation_id uuid NOT NULL,
  asked_by          text NOT NULL, -- a member, or system
  asked_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at          timestamptz,   -- NULL: it waits, or goes on
  trouble           text NOT NULL DEFAULT '', -- why nothing could be compared
  authorizations    integer NOT NULL DEFAULT 0, -- how many were looked at, and so on
  events            integer NOT NULL DEFAULT 0,
  cards             integer NOT NULL DEFAULT 0,
  lines             integer NOT NULL DEFAULT 0, -- of providers' statements
  found             integer NOT NULL DEFAULT 0, -- differences
  -- the first of them: [{"check","subject","text","cause"}]
  differences       jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (company_id, live, reconciliation_id),
  FOREIGN KEY (company_id, live) REFERENCES company_modes
);
CREATE UNIQUE INDEX reconciliations_open ON reconciliations (company_id, live) WHERE ended_at IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliations TO purser_app;

-- +goose Down
DROP TABLE reconciliations;
