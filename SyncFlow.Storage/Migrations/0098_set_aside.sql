-- A row that cannot be worked on is set aside until a moment, so that those behind it have their turn.
ALTER TABLE oversells ADD COLUMN propose_after timestamptz;
ALTER TABLE reservations ADD COLUMN expire_after timestamptz;

CREATE OR REPLACE FUNCTION tenants_with_noticed_oversells()
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT DISTINCT o.tenant_id FROM oversells o WHERE o.state = 1 AND (o.propose_after IS NULL OR o.propose_after <= clock_timestamp());
END $$;

CREATE OR REPLACE FUNCTION tenants_with_due_reservations(due timestamptz DEFAULT clock_timestamp())
RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT t.tenant_id FROM tenants t WHERE EXISTS (
    SELECT FROM reservations r
    WHERE r.tenant_id = t.tenant_id AND r.state <= 2 AND r.confirmed IS NULL AND r.expires_at <= due
      AND (r.expire_after IS NULL OR r.expire_after <= due));
END $$;
