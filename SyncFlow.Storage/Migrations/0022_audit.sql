-- The audit log becomes a chain: every entry carries the hash of the one before it in its tenant, so that a change, a
-- gap or another order shows. What is configured is written down by the database itself, before and after, in the same
-- transaction: no code can forget to.

ALTER TABLE audit_log
  ADD COLUMN seq       bigint,
  ADD COLUMN origin    text,
  ADD COLUMN before    jsonb,
  ADD COLUMN after     jsonb,
  ADD COLUMN prev_hash bytea,
  ADD COLUMN hash      bytea;

-- The end of each tenant's chain. Who cuts entries off the end must change it too; whoever noted its hash elsewhere
-- sees that as well.
CREATE TABLE audit_heads (
  tenant_id bigint PRIMARY KEY,
  seq       bigint NOT NULL,
  hash      bytea  NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE audit_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_heads FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON audit_heads FOR SELECT TO syncflow_api, syncflow_worker
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY owner ON audit_heads TO syncflow_owner USING (true) WITH CHECK (true);
GRANT SELECT ON audit_heads TO syncflow_api, syncflow_worker;

-- Each part with its length before it: no two entries are written alike. SyncFlow.Storage.Auditing.AuditHash writes the
-- same.
CREATE FUNCTION audit_part(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value IS NULL THEN '-' ELSE octet_length(value) || ':' || value END
$$;

CREATE FUNCTION audit_hash(e audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(convert_to(
    audit_part(encode(e.prev_hash, 'hex')) || audit_part(e.tenant_id::text) || audit_part(e.seq::text)
    || audit_part((extract(epoch FROM e.at) * 1000000)::bigint::text) || audit_part(e.actor) || audit_part(e.action)
    || audit_part(e.subject) || audit_part(e.origin) || audit_part(e.details::text) || audit_part(e.before::text)
    || audit_part(e.after::text), 'UTF8'))
$$;

CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_heads AS h (tenant_id, seq, hash) VALUES (NEW.tenant_id, 1, '')
  ON CONFLICT (tenant_id) DO UPDATE SET seq = h.seq + 1 RETURNING h.seq, h.hash INTO NEW.seq, NEW.prev_hash;
  NEW.origin := coalesce(NEW.origin, nullif(current_setting('app.origin', true), ''));
  NEW.hash := audit_hash(NEW);
  UPDATE audit_heads SET hash = NEW.hash WHERE tenant_id = NEW.tenant_id;
  RETURN NEW;
END $$;

-- Entries from before are chained in the order in which they were written.
ALTER TABLE audit_log DISABLE TRIGGER append_only;
DO $$
DECLARE
  entry audit_log;
BEGIN
  FOR entry IN SELECT * FROM audit_log ORDER BY tenant_id, audit_id LOOP
    INSERT INTO audit_heads AS h (tenant_id, seq, hash) VALUES (entry.tenant_id, 1, '')
    ON CONFLICT (tenant_id) DO UPDATE SET seq = h.seq + 1 RETURNING h.seq, h.hash INTO entry.seq, entry.prev_hash;
    entry.hash := audit_hash(entry);
    UPDATE audit_log SET seq = entry.seq, prev_hash = entry.prev_hash, hash = entry.hash
    WHERE tenant_id = entry.tenant_id AND audit_id = entry.audit_id;
    UPDATE audit_heads SET hash = entry.hash WHERE tenant_id = entry.tenant_id;
  END LOOP;
END $$;
ALTER TABLE audit_log ENABLE TRIGGER append_only;

ALTER TABLE audit_log
  ALTER COLUMN seq SET NOT NULL, ALTER COLUMN prev_hash SET NOT NULL, ALTER COLUMN hash SET NOT NULL,
  ADD CONSTRAINT audit_log_seq UNIQUE (tenant_id, seq);
CREATE TRIGGER chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit();

-- What one side of a change has that the other has not. Secrets, sealed or hashed, are never written down; that they
-- changed is.
CREATE FUNCTION audit_side(side jsonb, other jsonb, ignored text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_object_agg(e.key, CASE
      WHEN e.value = 'null' THEN e.value
      WHEN e.key ~ '(credential|secret|token|hash|sealed)' OR e.value #>> '{}' LIKE '\\x%' THEN '"(secret)"'::jsonb
      ELSE e.value END)
  FROM jsonb_each(side) e
  WHERE e.key <> 'tenant_id' AND NOT e.key = ANY (ignored) AND e.value IS DISTINCT FROM coalesce(other -> e.key, 'null')
$$;

-- One entry for what a statement did to a tenant's rows of a table; of many rows the first 50 are told.
CREATE FUNCTION audit_entries(actor text, tab text, op text, ignored text[], tenants bigint[], keys text[], olds jsonb[], news jsonb[])
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO audit_log (tenant_id, at, actor, action, subject, before, after, details)
  SELECT tenant_id, clock_timestamp(), actor, tab || '.' || lower(op),
    CASE count(*) WHEN 1 THEN tab || ':' || min(key) ELSE tab END,
    CASE count(*) WHEN 1 THEN (array_agg(was))[1] ELSE jsonb_object_agg(key, was) FILTER (WHERE place <= 50 AND was IS NOT NULL) END,
    CASE count(*) WHEN 1 THEN (array_agg(becomes))[1] ELSE jsonb_object_agg(key, becomes) FILTER (WHERE place <= 50 AND becomes IS NOT NULL) END,
    CASE count(*) WHEN 1 THEN NULL ELSE jsonb_build_object('rows', count(*)) END
  FROM (
    SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY key) AS place
    FROM (
      SELECT r.tenant_id, r.key, audit_side(r.o, coalesce(r.n, '{}'), ignored) AS was, audit_side(r.n, coalesce(r.o, '{}'), ignored) AS becomes
      FROM unnest(tenants, keys, olds, news) AS r (tenant_id, key, o, n)) sides
    WHERE was IS NOT NULL OR becomes IS NOT NULL) changed
  GROUP BY tenant_id ORDER BY tenant_id
$$;

-- Arguments: the columns that name a row in its tenant; 'people' where only what somebody asked for is written down
-- (imports would fill the log); columns that are not worth an entry.
CREATE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
      ON n.tenant_id = o.tenant_id AND n.key = o.key;
  END IF;

  IF tenants IS NOT NULL THEN
    PERFORM audit_entries(actor, TG_TABLE_NAME::text, TG_OP, ignored, tenants, keys, olds, news);
  END IF;

  RETURN NULL;
END $$;

CREATE PROCEDURE audit_table(tab text, key text, of text, ignored text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L, %L, %L)', tab, key, of, ignored);
  EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L, %L, %L)', tab, key, of, ignored);
  EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L, %L, %L)', tab, key, of, ignored);
END $$;

CALL audit_table('tenants', 'tenant_id', 'all', '');
CALL audit_table('api_keys', 'api_key_id', 'all', 'last_used_at');
CALL audit_table('members', 'member_id', 'all', 'version');
CALL audit_table('sessions', 'session_id', 'all', '');
CALL audit_table('connections', 'connection_id', 'all', 'updated_at,last_error,last_error_at,token_claim,token_claimed_until,token_refreshed_at,token_refreshes,token_expires_at,refresh_expires_at');
CALL audit_table('locations', 'location_id', 'all', 'source_buffer');
CALL audit_table('authority_rules', 'rule_id', 'all', '');
CALL audit_table('settlement_rules', 'tenant_id', 'all', 'updated_at,updated_by');
CALL audit_table('allocation_policies', 'scope,scope_id', 'all', '');
CALL audit_table('channel_locations', 'connection_id,external_location_id', 'people', 'updated_at');
CALL audit_table('skus', 'sku_id', 'people', '');
CALL audit_table('listings', 'listing_id', 'people', '');
CALL audit_table('incidents', 'incident_id', 'people', 'seen_at,times');
CALL audit_table('oversells', 'oversell_id', 'people', 'seen_at');
CALL audit_table('count_sheets', 'sheet_id', 'people', '');
CALL audit_table('transfers', 'transfer_id', 'people', '');
CALL audit_table('bulk_changes', 'change_id', 'people', 'payload,before');

REVOKE EXECUTE ON FUNCTION audit_entries(text, text, text, text[], bigint[], text[], jsonb[], jsonb[]) FROM PUBLIC;
