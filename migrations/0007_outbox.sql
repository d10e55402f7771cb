-- +goose Up

-- The audit log is the outbox of every message. routed is the first position
-- that has not been turned into messages yet; what happened before there were
-- any is not told any more.
ALTER TABLE audit_heads ADD COLUMN routed bigint NOT NULL DEFAULT 0;
UPDATE audit_heads SET routed = size;
CREATE INDEX audit_heads_unrouted ON audit_heads (company_id, live) WHERE routed < size;

-- Messages that wait for delivery are River's, which keeps its own tables and
-- brings them up to date itself.
CREATE SCHEMA river;
GRANT USAGE ON SCHEMA river TO purser_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA river GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO purser_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA river GRANT USAGE ON SEQUENCES TO purser_app;

-- +goose Down
DROP SCHEMA river CASCADE;
DROP INDEX audit_heads_unrouted;
ALTER TABLE audit_heads DROP COLUMN routed;
