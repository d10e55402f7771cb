-- What people are told, and how.

-- name: MessageMembers :many
-- Everybody who could be told, with what they chose in this mode.
SELECT sqlc.embed(m), coalesce(c.wanted, '{}')::text[] AS wanted, coalesce(c.unwanted, '{}')::text[] AS unwanted
FROM members m
LEFT JOIN message_choices c ON c.company_id = m.company_id AND c.live = @live AND c.member_id = m.member_id
WHERE m.company_id = @company_id AND m.status = 'active'
ORDER BY m.member_id;

-- name: MessageChoicesGet :one
SELECT wanted, unwanted FROM message_choices WHERE company_id = @company_id AND live = @live AND member_id = @member_id;

-- name: MessageChoicesPut :exec
INSERT INTO message_choices (company_id, live, member_id, wanted, unwanted)
VALUES (@company_id, @live, @member_id, @wanted::text[], @unwanted::text[])
ON CONFLICT (company_id, live, member_id)
DO UPDATE SET wanted = excluded.wanted, unwanted = excluded.unwanted, updated_at = clock_timestamp();

-- name: StandInsNow :many
SELECT * FROM stand_ins
WHERE company_id = @company_id AND begins_at <= clock_timestamp() AND ends_at > clock_timestamp();

-- name: StandInsAhead :many
-- Who is away or will be.
SELECT * FROM stand_ins WHERE company_id = @company_id AND ends_at > clock_timestamp() ORDER BY begins_at, member_id;

-- name: StandInPut :one
INSERT INTO stand_ins (company_id, member_id, stand_in_id, begins_at, ends_at)
VALUES (@company_id, @member_id, @stand_in_id, @begins_at, @ends_at)
ON CONFLICT (company_id, member_id)
DO UPDATE SET stand_in_id = excluded.stand_in_id, begins_at = excluded.begins_at, ends_at = excluded.ends_at,
  updated_at = clock_timestamp()
RETURNING *;

-- name: StandInDelete :execrows
DELETE FROM stand_ins WHERE company_id = @company_id AND member_id = @member_id;

-- name: MessageInsert :many
-- Stores a message to each recipient that has none of this yet.
INSERT INTO messages (company_id, live, message_id, kind, channel, about, member_id, away_id, data, state)
SELECT @company_id, @live, n.message_id, @kind, @channel, @about, n.member_id, nullif(n.away_id, '00000000-0000-0000-0000-000000000000'), @data, @state
FROM (SELECT unnest(@message_ids::uuid[]) AS message_id, unnest(@member_ids::uuid[]) AS member_id, unnest(@away_ids::uuid[]) AS away_id) n
ON CONFLICT (company_id, live, about, kind, channel, member_id) DO NOTHING
RETURNING message_id;

-- name: MessageGet :one
SELECT * FROM messages WHERE company_id = @company_id AND live = @live AND message_id = @message_id;

-- name: MessageEnd :exec
UPDATE messages SET state = @state, attempts = @attempts, trouble = '', updated_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live AND message_id = @message_id;

-- name: MessageTried :exec
UPDATE messages SET state = @state, attempts = @attempts, trouble = @trouble, updated_at = clock_timestamp()
WHERE company_id = @company_id AND live = @live AND message_id = @message_id;

-- name: MessageAsked :many
-- Who was told of something.
SELECT member_id, channel FROM messages
WHERE company_id = @company_id AND live = @live AND about = @about AND kind = ANY(@kinds::text[]) AND state <> 'dropped';

-- name: MessagesOpen :one
-- How many messages wait for another attempt, and how many were given up.
SELECT count(*) FILTER (WHERE state = 'waiting' AND attempts > 0) AS again,
  count(*) FILTER (WHERE state = 'waiting' AND attempts = 0) AS fresh,
  count(*) FILTER (WHERE state = 'failed') AS failed
FROM messages WHERE company_id = @company_id AND live = @live AND state IN ('waiting', 'failed');

-- name: MessagesTroubled :many
-- What could not be delivered, the newest first.
SELECT * FROM messages
WHERE company_id = @company_id AND live = @live AND state IN ('waiting', 'failed') AND trouble <> ''
ORDER BY message_id DESC LIMIT @most;

-- name: MessagesForget :exec
DELETE FROM messages WHERE state <> 'waiting' AND created_at < clock_timestamp() - interval '90 days';

-- name: LimitNoticesForget :exec
-- A limit in total has one window for ever, which begins with time itself.
DELETE FROM limit_notices WHERE told_at < clock_timestamp() - interval '400 days' AND window_from > '0002-01-01';

-- name: LimitNoticeInsert :execrows
INSERT INTO limit_notices (company_id, live, limit_key, window_from, threshold)
VALUES (@company_id, @live, @limit_key, @window_from, @threshold) ON CONFLICT DO NOTHING;

-- name: HoldsOf :many
-- The approvals of authorizations.
SELECT * FROM approvals
WHERE company_id = @company_id AND live = @live AND authorization_id = ANY(@authorizations::uuid[]);

-- name: HeldLately :one
SELECT EXISTS (SELECT FROM approvals WHERE company_id = @company_id AND live = @live AND approval_id > @since);

-- name: SlackHookGet :one
SELECT * FROM slack_hooks WHERE company_id = @company_id AND live = @live;

-- name: SlackHookPut :one
INSERT INTO slack_hooks (company_id, live, sealed_url, host, ending)
VALUES (@company_id, @live, @sealed_url, @host, @ending)
ON CONFLICT (company_id, live)
DO UPDATE SET sealed_url = excluded.sealed_url, host = excluded.host, ending = excluded.ending, updated_at = clock_timestamp()
RETURNING *;

-- name: SlackHookDelete :execrows
DELETE FROM slack_hooks WHERE company_id = @company_id AND live = @live;

-- name: WeeklyCompanies :many
-- Which companies there are, and where their Monday begins.
SELECT company_id, name, time_zone FROM companies ORDER BY company_id;

-- name: WeeklyAgents :many
-- What each agent's requests of a window came to.
SELECT a.agent_id, a.currency, a.status, count(*) AS requests, sum(a.amount - a.refunded)::bigint AS amount
FROM authorizations a
WHERE a.company_id = @company_id AND a.live = @live AND a.authorization_id >= @first AND a.authorization_id < @beyond
  AND a.created_at >= @since AND a.created_at < @until
GROUP BY a.agent_id, a.currency, a.status
ORDER BY a.agent_id, a.currency, a.status;

-- name: LimitLook :one
-- Plans a look at the limits, unless one is planned that will see what happened.
INSERT INTO limit_looks (company_id, live, next_at) VALUES (@company_id, @live, clock_timestamp() + sqlc.arg(after)::interval)
ON CONFLICT (company_id, live) DO UPDATE SET next_at = excluded.next_at WHERE limit_looks.next_at <= clock_timestamp()
RETURNING next_at;
