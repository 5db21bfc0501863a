-- When access was given back after an uninstall: an uninstall told from before it changes nothing.
ALTER TABLE connections ADD COLUMN reinstalled_at timestamptz;

-- A run may be cancelled: at once while it is queued, at its next report while it runs.
-- idem_key: the caller's key. A request that is repeated because its answer was lost finds the run it began.
ALTER TABLE sync_runs ADD COLUMN cancel_requested bool NOT NULL DEFAULT false;
ALTER TABLE sync_runs ADD COLUMN idem_key text;
ALTER TABLE sync_runs DROP CONSTRAINT sync_runs_state_check;
ALTER TABLE sync_runs ADD CONSTRAINT sync_runs_state_check
  CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled'));
CREATE UNIQUE INDEX sync_runs_idem_key ON sync_runs (tenant_id, idem_key) WHERE idem_key IS NOT NULL;
