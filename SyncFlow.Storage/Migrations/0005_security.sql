-- Who may do what. Every statement names the tenant; row-level security is the second lock, and grants are the third.

-- The ledger, the history of levels and the audit log only grow. The owner is told so as well.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', HINT = 'Correct a mistake by another entry.';
END $$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['ledger_entries', 'level_history', 'audit_log'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
    EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
  END LOOP;

  FOR name IN
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    -- An empty setting is what a finished transaction leaves behind: it must match no tenant, and not fail.
    EXECUTE format($policy$
      CREATE POLICY own_tenant ON %I TO syncflow_api, syncflow_worker
      USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
      WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$policy$, name);
    EXECUTE format('CREATE POLICY owner ON %I TO syncflow_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO syncflow_api, syncflow_worker', name);
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO syncflow_ingest, syncflow_api, syncflow_worker;
GRANT USAGE ON SEQUENCE inbox_event_id TO syncflow_ingest, syncflow_api, syncflow_worker;

-- Ingest knows shops and stores events, for all tenants; it reads nothing else.
GRANT SELECT (tenant_id, connection_id, kind, shop, status, webhook_secret) ON connections TO syncflow_ingest;
CREATE POLICY ingest ON connections FOR SELECT TO syncflow_ingest USING (true);
GRANT INSERT ON inbox TO syncflow_ingest;
CREATE POLICY ingest ON inbox FOR INSERT TO syncflow_ingest WITH CHECK (true);

-- Configuration is the API's; imports and status changes are the worker's.
GRANT INSERT, UPDATE, DELETE ON
  api_keys, connections, connection_runtime, locations, channel_locations, skus, channel_items, listings, idempotency_keys
TO syncflow_api;
GRANT INSERT, UPDATE, DELETE ON
  connections, connection_runtime, locations, channel_locations, skus, channel_items, listings
TO syncflow_worker;
GRANT UPDATE ON tenants TO syncflow_api;

-- Stock is written where facts are applied. The API reads it, may take a SKU's lock and create levels of a new listing.
GRANT INSERT, UPDATE ON
  sku_state, positions, listing_levels, orders, movement_keys, pushes, push_levels, drift_cases, incidents, work_items
TO syncflow_worker;
GRANT INSERT, UPDATE ON sku_state, listing_levels, drift_cases, incidents, work_items TO syncflow_api;
GRANT INSERT ON ledger_entries, level_history TO syncflow_worker;
GRANT INSERT ON level_history TO syncflow_api;
GRANT INSERT ON audit_log TO syncflow_api, syncflow_worker;
GRANT INSERT, UPDATE ON inbox, sync_runs TO syncflow_api, syncflow_worker;

-- What must be found before the tenant is known. Each answers one question and shows no other column.
CREATE FUNCTION find_api_key(hash bytea)
RETURNS TABLE (tenant_id bigint, api_key_id bigint, name text, scopes text[], expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.tenant_id, k.api_key_id, k.name, k.scopes, k.expires_at FROM api_keys k WHERE k.key_hash = hash
$$;

CREATE FUNCTION create_tenant(new_name text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO tenants (name) VALUES (new_name) RETURNING tenant_id
$$;

CREATE FUNCTION all_tenants() RETURNS TABLE (tenant_id bigint, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.tenant_id, t.name FROM tenants t ORDER BY t.tenant_id
$$;

-- Jumps from tenant to tenant through the index of pending events, however many events each has.
CREATE FUNCTION tenants_with_pending_inbox(due timestamptz DEFAULT now()) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH RECURSIVE waiting AS (
    SELECT min(i.tenant_id) AS tenant_id FROM inbox i WHERE i.state = 0
    UNION ALL
    SELECT (SELECT min(i.tenant_id) FROM inbox i WHERE i.state = 0 AND i.tenant_id > w.tenant_id)
    FROM waiting w WHERE w.tenant_id IS NOT NULL
  )
  SELECT w.tenant_id FROM waiting w
  WHERE w.tenant_id IS NOT NULL
    AND EXISTS (SELECT FROM inbox i WHERE i.state = 0 AND i.tenant_id = w.tenant_id AND i.next_attempt_at <= due)
$$;

CREATE FUNCTION all_connections()
RETURNS TABLE (tenant_id bigint, connection_id bigint, kind text, shop text, status smallint, generation int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.connection_id, c.kind, c.shop, c.status, c.generation
  FROM connections c WHERE c.status <> 7 ORDER BY c.tenant_id, c.connection_id
$$;

CREATE FUNCTION tenants_with_open_runs() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT r.tenant_id FROM sync_runs r WHERE r.state IN ('queued', 'running')
$$;

REVOKE EXECUTE ON FUNCTION
  find_api_key(bytea), create_tenant(text), all_tenants(), tenants_with_pending_inbox(timestamptz), all_connections(),
  tenants_with_open_runs(), ensure_inbox_partitions(int), drop_inbox_partitions(int)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key(bytea), create_tenant(text), all_tenants() TO syncflow_api;
GRANT EXECUTE ON FUNCTION
  all_tenants(), tenants_with_pending_inbox(timestamptz), all_connections(), tenants_with_open_runs(),
  ensure_inbox_partitions(int), drop_inbox_partitions(int)
TO syncflow_worker;
