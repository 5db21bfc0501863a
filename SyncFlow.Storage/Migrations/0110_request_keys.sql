-- The caller's key of a run gets a column of its own, apart from the names that the worker gives its nightly runs (idem_key): it
-- is freed as soon as callers' keys are forgotten, while a night is not done twice as long as its run is kept; and no caller can
-- take the name of a night.
ALTER TABLE sync_runs ADD COLUMN request_key text;
UPDATE sync_runs SET request_key = idem_key, idem_key = NULL
WHERE idem_key IS NOT NULL AND idem_key NOT LIKE 'nightly ' || kind || ' of ' || coalesce(connection_id::text, '') || ' on %';
CREATE UNIQUE INDEX sync_runs_request_key ON sync_runs (tenant_id, request_key) WHERE request_key IS NOT NULL;
