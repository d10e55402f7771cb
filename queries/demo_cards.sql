-- name: DemoOwner :one
SELECT member_id FROM members WHERE company_id = @company_id AND role = 'owner' ORDER BY member_id LIMIT 1;
