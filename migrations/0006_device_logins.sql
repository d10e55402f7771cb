-- +goose Up

-- A program on a device without a browser signs a person in (RFC 8628): it
-- keeps a secret, and the person confirms a short code on a page. Nobody's
-- company is known before.
CREATE TABLE device_logins (
  device_hash bytea PRIMARY KEY,
  user_code   text NOT NULL UNIQUE,
  program     text NOT NULL,
  address     text NOT NULL, -- that the program asked from
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  -- who decided, and what; nobody yet
  person_id   uuid REFERENCES people,
  approved    boolean,
  used_at     timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON device_logins TO purser_app;

-- +goose Down
DROP TABLE device_logins;
