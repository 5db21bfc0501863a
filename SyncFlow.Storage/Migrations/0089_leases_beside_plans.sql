-- A plan keeps its lease from being taken (FOR KEY SHARE), not from being renewed. Under FOR SHARE plans that overlapped without a gap
-- kept the renewal waiting until the lease ran out, and what is noted of a connection (calls, watermark) waited as well.
-- Whoever takes a lease asks for the lock that a plan's keeps out.
CREATE OR REPLACE FUNCTION take_leases(me text, lease_for interval, tenants bigint[], connection_ids bigint[])
RETURNS TABLE (tenant_id bigint, connection_id bigint, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO connection_runtime (tenant_id, connection_id)
  SELECT h.t, h.c FROM unnest(tenants, connection_ids) AS h (t, c)
  WHERE NOT EXISTS (SELECT FROM connection_runtime r WHERE r.tenant_id = h.t AND r.connection_id = h.c)
  ORDER BY h.t, h.c
  ON CONFLICT (tenant_id, connection_id) DO NOTHING;

  RETURN QUERY
  WITH free AS MATERIALIZED (
    SELECT r.tenant_id, r.connection_id
    FROM unnest(tenants, connection_ids) AS h (t, c)
    JOIN connection_runtime r ON r.tenant_id = h.t AND r.connection_id = h.c
    WHERE r.lease_until IS NULL OR r.lease_until <= clock_timestamp() FOR UPDATE OF r SKIP LOCKED)
  UPDATE connection_runtime r SET lease_owner = me || '/' || r.connection_id, lease_epoch = r.lease_epoch + 1, lease_until = clock_timestamp() + lease_for
  FROM free WHERE r.tenant_id = free.tenant_id AND r.connection_id = free.connection_id
  RETURNING r.tenant_id, r.connection_id, r.lease_epoch;
END $$;
