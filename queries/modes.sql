-- name: LockCompanyMode :one
-- Everything that changes what a decision rests on begins with this lock; the
-- gate holds the same row FOR SHARE while it decides. PostgreSQL lets those who
-- share a row pass who waits for it alone, for ever where they never stop coming.
-- So all take their turn first, at a lock that is given in the order of asking.
SELECT m.* FROM (SELECT pg_advisory_xact_lock(hashtextextended('mode ' || (@company_id::uuid)::text || (@live::boolean)::text, 0)) OFFSET 0) turn
CROSS JOIN company_modes m WHERE m.company_id = @company_id AND m.live = @live FOR UPDATE OF m;

-- name: RaiseEpoch :exec
UPDATE company_modes SET epoch = epoch + 1 WHERE company_id = $1 AND live = $2;
