-- Providers of cards that companies have connected, and what they said.

-- name: IssuerConnect :one
INSERT INTO issuer_connections (company_id, live, provider, connection_id, account, secret_key, key_ending,
  webhook_secret, webhook_endpoint, webhook_trouble, cardholder, connected_by)
VALUES (@company_id, @live, @provider, @connection_id, @account, @secret_key, @key_ending,
  @webhook_secret, @webhook_endpoint, @webhook_trouble, @cardholder, @connected_by)
ON CONFLICT (company_id, live, provider) DO UPDATE
SET account = EXCLUDED.account, secret_key = EXCLUDED.secret_key, key_ending = EXCLUDED.key_ending,
    webhook_secret = EXCLUDED.webhook_secret, webhook_endpoint = EXCLUDED.webhook_endpoint,
    webhook_trouble = EXCLUDED.webhook_trouble, cardholder = EXCLUDED.cardholder,
    connected_by = EXCLUDED.connected_by, updated_at = clock_timestamp()
WHERE issuer_connections.connection_id = EXCLUDED.connection_id
RETURNING *;

-- name: IssuerGet :one
SELECT * FROM issuer_connections WHERE company_id = $1 AND live = $2 AND provider = $3;

-- Whose it is, is not known before the address is read.
-- name: IssuerByConnection :one
SELECT * FROM issuer_connections WHERE connection_id = $1 AND provider = $2;

-- name: IssuerDisconnect :execrows
DELETE FROM issuer_connections WHERE company_id = $1 AND live = $2 AND provider = $3;

-- name: IssuerEventSeen :one
SELECT EXISTS (SELECT FROM issuer_events WHERE company_id = $1 AND live = $2 AND provider = $3 AND event_id = $4);

-- name: IssuerEventDone :exec
INSERT INTO issuer_events (company_id, live, provider, event_id, type) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (company_id, live, provider, event_id) DO NOTHING;

-- name: IssuerEventsForget :execrows
DELETE FROM issuer_events WHERE received_at < clock_timestamp() - make_interval(secs => @age::float8);

-- name: IssuerEnd :exec
INSERT INTO issuer_ended (company_id, live, provider, ref, card_id, how) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (company_id, live, provider, ref) DO NOTHING;

-- How any of these ended; a decline says more than what followed.
-- name: IssuerEnded :one
SELECT how FROM issuer_ended
WHERE company_id = @company_id AND live = @live AND provider = @provider AND ref = ANY (@refs::text[])
ORDER BY (how = 'declined') DESC LIMIT 1;

-- What we approved and the provider declined, and nobody has given back: the
-- approval was committed after somebody looked.
-- name: IssuerLate :many
SELECT e.company_id, e.live, e.ref, e.card_id FROM issuer_ended e
JOIN card_transactions x ON x.company_id = e.company_id AND x.live = e.live AND x.card_id = e.card_id AND x.network_id = e.ref
WHERE e.provider = @provider AND e.how = 'declined' AND x.type = 'authorization'
  AND e.ended_at > clock_timestamp() - make_interval(secs => @age::float8)
  AND NOT EXISTS (SELECT FROM card_transactions r WHERE r.company_id = e.company_id AND r.live = e.live AND r.card_id = e.card_id
    AND r.network_id = e.ref || ':returned')
LIMIT 1000;

-- name: IssuerOpenCards :one
SELECT count(*) FROM cards WHERE company_id = $1 AND live = $2 AND provider = $3 AND status <> 'canceled';

-- What one of the provider's own transactions was booked as, whichever card's.
-- name: IssuerBooked :one
SELECT x.card_id, x.authorization_id, x.type, x.amount FROM card_transactions x
JOIN cards c ON c.company_id = x.company_id AND c.live = x.live AND c.card_id = x.card_id
WHERE x.company_id = $1 AND x.live = $2 AND c.provider = $3 AND x.network_id = $4;

-- name: IssuerEndedForget :execrows
DELETE FROM issuer_ended WHERE ended_at < clock_timestamp() - make_interval(secs => @age::float8);

-- What we approved of one authorization of the provider, whose later requests are
-- numbered, and what of each is held. What was given back is not among them.
-- name: IssuerRequests :many
SELECT x.authorization_id, coalesce((SELECT h.remaining FROM ledger_holds h
    WHERE h.company_id = x.company_id AND h.live = x.live AND h.hold_id = x.hold_id AND h.closed_at IS NULL), 0)::bigint AS reserved
FROM card_transactions x
WHERE x.company_id = @company_id AND x.live = @live AND x.card_id = @card_id AND x.type = 'authorization' AND x.authorization_id IS NOT NULL
  AND (x.network_id = @ref::text OR starts_with(x.network_id, @ref::text || '#'))
  AND NOT EXISTS (SELECT FROM card_transactions r WHERE r.company_id = x.company_id AND r.live = x.live AND r.card_id = x.card_id
    AND r.network_id = x.network_id || ':returned')
ORDER BY x.transaction_id
LIMIT 50;
