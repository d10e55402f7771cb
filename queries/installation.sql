-- name: InstallationLookupKey :one
SELECT lookup_key FROM installation;
