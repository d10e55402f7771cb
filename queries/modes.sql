-- name: LockCompanyMode :one
-- Everything that changes what a decision rests on begins with this lock; the
-- gate holds the same row FOR SHARE while it decides.
SELECT * FROM company_modes WHERE company_id = $1 AND live = $2 FOR UPDATE;

-- name: RaiseEpoch :exec
UPDATE company_modes SET epoch = epoch + 1 WHERE company_id = $1 AND live = $2;
