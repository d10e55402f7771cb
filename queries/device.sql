-- Signing a program in through a page.

-- name: DeviceInsert :one
INSERT INTO device_logins (device_hash, user_code, program, address, created_at, expires_at)
VALUES (@device_hash, @user_code, @program, @address, clock_timestamp(), clock_timestamp() + make_interval(secs => @seconds))
RETURNING expires_at;

-- name: DeviceByCode :one
SELECT * FROM device_logins
WHERE user_code = @user_code AND approved IS NULL AND expires_at > clock_timestamp();

-- name: DeviceDecide :execrows
UPDATE device_logins SET person_id = @person_id, approved = @approved
WHERE user_code = @user_code AND approved IS NULL AND expires_at > clock_timestamp();

-- name: DeviceByHash :one
SELECT *, (expires_at <= clock_timestamp())::boolean AS over FROM device_logins
WHERE device_hash = @device_hash FOR UPDATE;

-- name: DeviceUse :exec
UPDATE device_logins SET used_at = clock_timestamp() WHERE device_hash = @device_hash;

-- name: DeviceSweep :exec
DELETE FROM device_logins WHERE expires_at < clock_timestamp() - interval '1 day';

-- name: PersonByID :one
SELECT * FROM people WHERE person_id = @person_id;
