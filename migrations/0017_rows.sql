-- +goose Up

-- Rows as the gate sends them, each an array of one of these. A server of another
-- version sends what it knows: a type that is here never changes, and a column
-- more is another type.
CREATE TYPE authorization_row AS (
  company_id uuid, live boolean, authorization_id uuid, agent_id uuid, status text, decision text, reason_code text, reason text,
  currency text, requested bigint, amount bigint, merchant_name text, merchant_mcc text, merchant_country text,
  merchant_domain text, merchant_key text, rail text, capture text, purpose text, metadata jsonb, expires_in integer,
  expires_at timestamptz, created_at timestamptz, closed_at timestamptz, requested_by text, explanation bytea,
  approval_id uuid, hold_id uuid);
CREATE TYPE change_row AS (
  company_id uuid, live boolean, authorization_id uuid, status text, decision text, reason_code text, reason text,
  amount bigint, refunded bigint, hold_id uuid, captured bigint, reference text, void_reason text,
  expires_at timestamptz, decided_at timestamptz, closed_at timestamptz, redeemed_at timestamptz);
CREATE TYPE meter_row AS (
  company_id uuid, live boolean, subject uuid, currency text, time_zone text,
  day_from timestamptz, day_spent bigint, day_reserved bigint, week_from timestamptz, week_spent bigint, week_reserved bigint,
  month_from timestamptz, month_spent bigint, month_reserved bigint,
  quarter_from timestamptz, quarter_spent bigint, quarter_reserved bigint,
  year_from timestamptz, year_spent bigint, year_reserved bigint, total_spent bigint, total_reserved bigint);
CREATE TYPE answer_row AS (
  company_id uuid, live boolean, key text, route text, body_hash bytea, status integer, answer bytea);
CREATE TYPE event_row AS (
  company_id uuid, live boolean, event_id uuid, type text, actor text, agent_id uuid, subject text, data text,
  request_id text, created_at timestamptz);
CREATE TYPE waiting_row AS (company_id uuid, live boolean, event_ids uuid[]);

-- +goose Down
DROP TYPE authorization_row, change_row, meter_row, answer_row, event_row, waiting_row;
