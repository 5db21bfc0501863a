-- A tenant of any size is erased in steps, each a short transaction: a process that dies loses its step and nothing else.
-- Renewals of access are no configuration and leave no entry in the audit log.

-- The line that is left of a tenant is written when its erasure begins, and says how far it is: rows so far, and
-- deleted_at once all is gone.
ALTER TABLE deleted_tenants ALTER COLUMN deleted_at DROP NOT NULL;
ALTER TABLE deleted_tenants ADD COLUMN began_at timestamptz;
UPDATE deleted_tenants SET began_at = deleted_at;
ALTER TABLE deleted_tenants ALTER COLUMN began_at SET NOT NULL;
DROP FUNCTION erase_due_tenant();

-- Begins: notes how the audit log ends, and shuts everybody out, so that nothing new comes while the rest goes.
CREATE FUNCTION begin_erasure(gone tenants) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deleted_tenants (tenant_id, asked_by, asked_at, began_at, rows, audit_seq, audit_hash)
  SELECT gone.tenant_id, gone.deletion_asked_by, gone.deletion_asked_at, now(), 0, h.seq, h.hash
  FROM (SELECT) one LEFT JOIN audit_heads h ON h.tenant_id = gone.tenant_id
  ON CONFLICT DO NOTHING;
  IF FOUND THEN
    UPDATE connections SET status = 7, credential = NULL, webhook_secret = NULL WHERE tenant_id = gone.tenant_id;
    DELETE FROM sessions WHERE tenant_id = gone.tenant_id;
    UPDATE api_keys SET revoked_at = now() WHERE tenant_id = gone.tenant_id AND revoked_at IS NULL;
  END IF;
END $$;

-- One step for one tenant whose time has come: at most so many rows of one table, or the tenant itself when nothing else
-- is left. No row where no tenant is due. Tables refer to each other: one that cannot go yet is left for a later step.
-- Of partitioned tables each partition is a table of its own, and rows are taken by their place in it.
CREATE FUNCTION erase_due_step(most int) RETURNS TABLE (tenant bigint, from_table text, erased bigint, is_done bool)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone tenants;
  tab regclass;
  stuck regclass[] := '{}';
BEGIN
  SELECT * INTO gone FROM tenants t WHERE t.deletion_due_at <= now() ORDER BY t.tenant_id LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;

  tenant := gone.tenant_id;
  is_done := false;
  PERFORM begin_erasure(gone);
  FOR tab IN
    SELECT c.oid::regclass FROM pg_class c
    JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid), c.oid)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND root.relname NOT IN ('tenants', 'deleted_tenants')
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
    ORDER BY array_position(ARRAY['inbox', 'work_items', 'sync_runs']::name[], root.relname), c.relname
  LOOP
    BEGIN
      EXECUTE format('DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE tenant_id = $1 LIMIT $2))', tab) USING gone.tenant_id, most;
      GET DIAGNOSTICS erased = ROW_COUNT;
      from_table := tab::text;
      EXIT WHEN erased > 0;
    EXCEPTION WHEN foreign_key_violation THEN
      stuck := stuck || tab;
    END;
  END LOOP;

  -- Rows of one table that refer to each other go together, however many they are.
  IF coalesce(erased, 0) = 0 THEN
    FOREACH tab IN ARRAY stuck LOOP
      BEGIN
        EXECUTE format('DELETE FROM %s WHERE tenant_id = $1', tab) USING gone.tenant_id;
        GET DIAGNOSTICS erased = ROW_COUNT;
        from_table := tab::text;
        EXIT WHEN erased > 0;
      EXCEPTION WHEN foreign_key_violation THEN
        NULL; -- Said below where it holds for all of them.
      END;
    END LOOP;
    IF coalesce(erased, 0) = 0 AND cardinality(stuck) > 0 THEN
      RAISE EXCEPTION 'tables % refer to each other in a circle', stuck;
    END IF;
  END IF;

  UPDATE deleted_tenants d SET rows = d.rows + coalesce(erased, 0) WHERE d.tenant_id = gone.tenant_id;
  IF coalesce(erased, 0) = 0 THEN
    DELETE FROM tenants t WHERE t.tenant_id = gone.tenant_id;
    UPDATE deleted_tenants d SET deleted_at = now() WHERE d.tenant_id = gone.tenant_id;
    from_table := 'tenants';
    erased := 1;
    is_done := true;
  END IF;

  RETURN NEXT;
END $$;

REVOKE EXECUTE ON FUNCTION begin_erasure(tenants), erase_due_step(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_due_step(int) TO syncflow_api;

-- As before, but for renewals: a pair that took another's place, told by its count, where nothing else has changed.
CREATE OR REPLACE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  named text := nullif(current_setting('app.actor', true), '');
  role text := nullif(current_setting('role', true), 'none');
  actor text := coalesce(named, 'system:' || coalesce(role, session_user::text));
  parts text[] := string_to_array(TG_ARGV[0], ',');
  ignored text[] := string_to_array(TG_ARGV[2], ',');
  tenants bigint[];
  keys text[];
  olds jsonb[];
  news jsonb[];
BEGIN
  IF TG_ARGV[1] = 'people' AND named IS NULL THEN
    RETURN NULL;
  END IF;

  IF TG_OP = 'INSERT' THEN
    SELECT array_agg(r.tenant_id), array_agg((SELECT string_agg(to_jsonb(r) ->> p, '/') FROM unnest(parts) p)), array_agg(NULL::jsonb), array_agg(to_jsonb(r))
    INTO tenants, keys, olds, news FROM new_rows r;
  ELSIF TG_OP = 'DELETE' THEN
    SELECT array_agg(r.tenant_id), array_agg((SELECT string_agg(to_jsonb(r) ->> p, '/') FROM unnest(parts) p)), array_agg(to_jsonb(r)), array_agg(NULL::jsonb)
    INTO tenants, keys, olds, news FROM old_rows r;
  ELSE
    SELECT array_agg(o.tenant_id), array_agg(o.key), array_agg(o.side), array_agg(n.side) INTO tenants, keys, olds, news
    FROM (SELECT r.tenant_id, to_jsonb(r) AS side, (SELECT string_agg(to_jsonb(r) ->> p, '/') FROM unnest(parts) p) AS key FROM old_rows r) o
    JOIN (SELECT r.tenant_id, to_jsonb(r) AS side, (SELECT string_agg(to_jsonb(r) ->> p, '/') FROM unnest(parts) p) AS key FROM new_rows r) n
      ON n.tenant_id = o.tenant_id AND n.key = o.key
    WHERE TG_TABLE_NAME <> 'connections' OR named IS NOT NULL OR o.side ->> 'token_refreshes' = n.side ->> 'token_refreshes'
      OR o.side - ignored - 'credential' <> n.side - ignored - 'credential';
  END IF;

  IF tenants IS NOT NULL THEN
    PERFORM audit_entries(actor, TG_TABLE_NAME::text, TG_OP, ignored, tenants, keys, olds, news);
  END IF;

  RETURN NULL;
END $$;
