-- The append-only log of what changed, and its positions. Tenant-scoped but
-- for AuditTenantsWithPending, which the background sequencer asks.

-- name: AppendAudit :exec
WITH written AS (
  INSERT INTO audit_events (company_id, live, event_id, type, actor, agent_id, subject, data, request_id, created_at)
  SELECT company_id, live, event_id, type, actor,
    nullif(agent_id, '00000000-0000-0000-0000-000000000000'::uuid),
    subject, nullif(data, '')::json, request_id,
    coalesce(nullif(at, '0001-01-01 00:00:00Z'::timestamptz), clock_timestamp())
  FROM (SELECT unnest(@company_ids::uuid[]) AS company_id, unnest(@lives::boolean[]) AS live,
    unnest(@event_ids::uuid[]) AS event_id, unnest(@types::text[]) AS type,
    unnest(@actors::text[]) AS actor, unnest(@agent_ids::uuid[]) AS agent_id,
    unnest(@subjects::text[]) AS subject, unnest(@datas::text[]) AS data,
    unnest(@request_ids::text[]) AS request_id, unnest(@ats::timestamptz[]) AS at) AS u
  RETURNING company_id, live, event_id
)
INSERT INTO audit_pending (company_id, live, event_id)
SELECT company_id, live, event_id FROM written;
