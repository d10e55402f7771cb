-- +goose Up

-- hold_id is what an authorization keeps of an account in the ledger, where a
-- rail pays from one. captured is what was taken of it while more may come, in
-- minor units; NULL is nothing, so that other authorizations store neither.
ALTER TABLE authorizations
  ADD COLUMN hold_id uuid,
  ADD COLUMN captured bigint CHECK (captured > 0),
  ADD FOREIGN KEY (company_id, live, hold_id) REFERENCES ledger_holds (company_id, live, hold_id);

-- +goose Down
ALTER TABLE authorizations DROP COLUMN hold_id, DROP COLUMN captured;
