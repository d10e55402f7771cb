-- name: PoliciesSince :many
-- What changed after an epoch, archived ones included.
SELECT * FROM policies WHERE company_id = $1 AND live = $2 AND epoch > $3;
