-- Leases of many connections at once: what a worker holds is renewed, and what nobody holds is told, in one statement a second
-- for each worker, instead of one every two seconds for each connection held and two a second for each that is not.

-- Workers that live: connections are shared out among them. No tenant's data.
CREATE TABLE workers (
  worker     text        NOT NULL PRIMARY KEY,
  seen_until timestamptz NOT NULL
);

ALTER TABLE workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE workers FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON workers TO syncflow_owner USING (true) WITH CHECK (true);

-- epochs: 0 for a lease that is held and not to be renewed yet.
-- what: 1 a worker that lives, 2 a lease that was renewed, 3 a connection of a kind, callable, that nobody holds, 4 one that is held
-- here and may not be called any more. A lease whose row a plan has locked at this moment is not waited for and not told: whoever
-- waits for one row while it has locked others may wait for itself.
CREATE FUNCTION keep_leases(
  me text, alive_for interval, lease_for interval, of_kind text, callable smallint[], tenants bigint[], connection_ids bigint[], epochs bigint[])
RETURNS TABLE (what smallint, name text, tenant_id bigint, connection_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO workers AS w (worker, seen_until) VALUES (me, clock_timestamp() + alive_for)
  ON CONFLICT (worker) DO UPDATE SET seen_until = excluded.seen_until;

  RETURN QUERY SELECT 1::smallint, w.worker, NULL::bigint, NULL::bigint FROM workers w WHERE w.seen_until > clock_timestamp();

  RETURN QUERY
  WITH mine AS MATERIALIZED (
    SELECT r.tenant_id, r.connection_id
    FROM unnest(tenants, connection_ids, epochs) AS h (t, c, e)
    JOIN connection_runtime r ON r.tenant_id = h.t AND r.connection_id = h.c AND r.lease_epoch = h.e
    WHERE r.lease_until > clock_timestamp() FOR NO KEY UPDATE OF r SKIP LOCKED)
  UPDATE connection_runtime r SET lease_until = clock_timestamp() + lease_for
  FROM mine WHERE r.tenant_id = mine.tenant_id AND r.connection_id = mine.connection_id
  RETURNING 2::smallint, NULL::text, r.tenant_id, r.connection_id;

  RETURN QUERY
  SELECT 3::smallint, NULL::text, c.tenant_id, c.connection_id
  FROM connections c LEFT JOIN connection_runtime r ON r.tenant_id = c.tenant_id AND r.connection_id = c.connection_id
  WHERE c.kind = of_kind AND c.status = ANY (callable) AND (r.lease_until IS NULL OR r.lease_until <= clock_timestamp());

  RETURN QUERY
  SELECT 4::smallint, NULL::text, h.t, h.c FROM unnest(tenants, connection_ids) AS h (t, c)
  WHERE NOT EXISTS (
    SELECT FROM connections c WHERE c.tenant_id = h.t AND c.connection_id = h.c AND c.kind = of_kind AND c.status = ANY (callable));
END $$;

-- Takes those of some connections that nobody holds. Every acquisition raises the epoch, as ever.
CREATE FUNCTION take_leases(me text, lease_for interval, tenants bigint[], connection_ids bigint[])
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
    WHERE r.lease_until IS NULL OR r.lease_until <= clock_timestamp() FOR NO KEY UPDATE OF r SKIP LOCKED)
  UPDATE connection_runtime r SET lease_owner = me || '/' || r.connection_id, lease_epoch = r.lease_epoch + 1, lease_until = clock_timestamp() + lease_for
  FROM free WHERE r.tenant_id = free.tenant_id AND r.connection_id = free.connection_id
  RETURNING r.tenant_id, r.connection_id, r.lease_epoch;
END $$;

-- Gives leases back; others may take them at once. What was lost before stays as it is.
CREATE FUNCTION release_leases(tenants bigint[], connection_ids bigint[], epochs bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE connection_runtime r SET lease_until = clock_timestamp()
  FROM unnest(tenants, connection_ids, epochs) AS h (t, c, e)
  WHERE r.tenant_id = h.t AND r.connection_id = h.c AND r.lease_epoch = h.e AND r.lease_until > clock_timestamp();
END $$;

-- A worker ends, or one that ended without a word is forgotten: the others share its connections at once.
CREATE FUNCTION forget_workers(me text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM workers w WHERE w.worker = me OR w.seen_until < clock_timestamp() - interval '1 day';
END $$;

REVOKE EXECUTE ON FUNCTION
  keep_leases(text, interval, interval, text, smallint[], bigint[], bigint[], bigint[]),
  take_leases(text, interval, bigint[], bigint[]), release_leases(bigint[], bigint[], bigint[]), forget_workers(text)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  keep_leases(text, interval, interval, text, smallint[], bigint[], bigint[], bigint[]),
  take_leases(text, interval, bigint[], bigint[]), release_leases(bigint[], bigint[], bigint[]), forget_workers(text)
TO syncflow_worker;
