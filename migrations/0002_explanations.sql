-- +goose Up

-- Why an authorization was decided as it was (policies, trace, remedies) is a
-- kilobyte of JSON that nearly repeats itself. It is kept packed, as internal/pack
-- does it; what was written before stays plain, which is packing number 0.
ALTER TABLE authorizations ADD COLUMN explanation bytea;
UPDATE authorizations SET explanation = '\x00'::bytea || convert_to(
  json_build_object('policies', policies, 'trace', trace, 'remedies', coalesce(remedies, '[]'::json))::text, 'UTF8');
ALTER TABLE authorizations ALTER COLUMN explanation SET NOT NULL,
  DROP COLUMN policies, DROP COLUMN trace, DROP COLUMN remedies;

-- Stored answers are packed as well.
UPDATE idempotency_keys SET answer = '\x00'::bytea || answer;

-- +goose Down
DELETE FROM idempotency_keys; -- what is packed cannot be answered any more
ALTER TABLE authorizations ADD COLUMN policies json NOT NULL DEFAULT '[]', ADD COLUMN trace json NOT NULL DEFAULT '[]',
  ADD COLUMN remedies json, DROP COLUMN explanation;
