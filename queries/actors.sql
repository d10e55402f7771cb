-- Who is behind the actors that the audit log names, also those who are gone
-- meanwhile: members, revoked keys, and people as long as they are or were
-- members of the company.

-- name: ActorNames :many
SELECT m.member_id AS id, m.email AS name FROM members m
WHERE m.company_id = @company_id AND m.member_id = ANY(@ids::uuid[])
UNION ALL
SELECT m.person_id, m.email FROM members m
WHERE m.company_id = @company_id AND m.person_id = ANY(@ids)
UNION ALL
SELECT k.key_id, k.name FROM api_keys k
WHERE k.company_id = @company_id AND k.live = @live AND k.key_id = ANY(@ids);
