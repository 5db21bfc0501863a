-- A merchant's weight at the queues that merchants share, with the other limits of its plan
-- (SyncFlow.Core.Billing.BillingPlan.Weight). 1 until billing decides anew, and where nobody bills.
ALTER TABLE billing_standing ADD COLUMN weight int NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 16);

-- Those that weigh more than 1: one small answer for a whole process, once a minute.
CREATE FUNCTION tenant_weights() RETURNS TABLE (tenant_id bigint, weight int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT b.tenant_id, b.weight FROM billing_standing b WHERE b.weight > 1;
END $$;

REVOKE EXECUTE ON FUNCTION tenant_weights() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant_weights() TO syncflow_worker, syncflow_api, syncflow_ingest;

-- Sources to be asked by then, in turns of the tenants: the first of each, then the second of each, and so on. Those that waited
-- longest of all tenants together would be the sources of one that has more of them due than are looked at.
CREATE FUNCTION due_source_pulls(by_then timestamptz, most int, of_one int)
RETURNS TABLE (tenant_id bigint, connection_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT d.tenant_id, d.connection_id
  FROM (
    SELECT p.tenant_id, p.connection_id, least(p.due_at, p.refresh_due_at) AS due,
      row_number() OVER (PARTITION BY p.tenant_id ORDER BY least(p.due_at, p.refresh_due_at)) AS place
    FROM source_pulls p JOIN sources s USING (tenant_id, connection_id)
    WHERE least(p.due_at, p.refresh_due_at) <= by_then AND s.state = 1) d
  WHERE d.place <= of_one
  ORDER BY d.place, d.due LIMIT most;
END $$;

REVOKE EXECUTE ON FUNCTION due_source_pulls(timestamptz, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_source_pulls(timestamptz, int, int) TO syncflow_worker;

-- Tenants with a run to be claimed: queued, or its worker has gone silent. Those whose runs are carried out need no claim.
-- tenants_with_open_runs() and due_source_pulls(timestamptz, int) stay for workers of the release before.
CREATE FUNCTION tenants_with_runs_to_claim(at timestamptz) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT DISTINCT r.tenant_id FROM sync_runs r
  WHERE r.state IN ('queued', 'running') AND (r.state = 'queued' OR r.claimed_until <= at);
END $$;

REVOKE EXECUTE ON FUNCTION tenants_with_runs_to_claim(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_with_runs_to_claim(timestamptz) TO syncflow_worker;
