-- API keys of a merchant's own systems and of partners: scoped, to locations too, expiring, rotated with overlap.

-- kind: SyncFlow.Storage.Identity.ApiKeyKind. hint: how the key begins, for people; it opens nothing. location_ids: the
-- locations whose stock it may change; null for all. rotated_to: the key that takes its place.
ALTER TABLE api_keys
  ADD COLUMN kind         smallint NOT NULL DEFAULT 1 CHECK (kind IN (1, 2)),
  ADD COLUMN partner      text,
  ADD COLUMN hint         text     NOT NULL DEFAULT '',
  ADD COLUMN location_ids bigint[],
  ADD COLUMN created_by   text     NOT NULL DEFAULT 'system',
  ADD COLUMN revoked_at   timestamptz,
  ADD COLUMN rotated_to   bigint,
  ADD CONSTRAINT api_keys_partner CHECK ((kind = 2) = (partner IS NOT NULL)),
  ADD CONSTRAINT api_keys_partner_expires CHECK (kind <> 2 OR expires_at IS NOT NULL);

-- Who holds a secret with this hash; one row or none. caller_kind: SyncFlow.Storage.Identity.CallerKind. A secret that
-- was taken back is not found; whether one has expired is told by expires_at. tenant_id 0 is outside tenants.
DROP FUNCTION find_api_key(bytea);
CREATE FUNCTION find_caller(hash bytea)
RETURNS TABLE (
  tenant_id bigint, caller_kind smallint, caller_id bigint, name text, role text, scopes text[], location_ids bigint[],
  expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.tenant_id, k.kind, k.api_key_id, k.name, NULL::text, k.scopes, k.location_ids, k.expires_at
  FROM api_keys k WHERE k.key_hash = hash AND k.revoked_at IS NULL
$$;

-- Callers are kept in memory for a while; whoever changes one, by whatever way, says so to all processes.
CREATE FUNCTION callers_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('syncflow_callers', coalesce(NEW.tenant_id, OLD.tenant_id)::text);
  RETURN NULL;
END $$;

CREATE TRIGGER callers_changed AFTER UPDATE OF key_hash, scopes, expires_at, revoked_at, location_ids, name ON api_keys
  FOR EACH ROW EXECUTE FUNCTION callers_changed();
CREATE TRIGGER callers_gone AFTER DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION callers_changed();

-- Uses of keys, gathered in memory and noted now and then, of all tenants at once.
CREATE FUNCTION note_key_uses(tenants bigint[], keys bigint[], moments timestamptz[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE api_keys k SET last_used_at = u.moment
  FROM unnest(tenants, keys, moments) AS u (tenant_id, api_key_id, moment)
  WHERE k.tenant_id = u.tenant_id AND k.api_key_id = u.api_key_id
    AND (k.last_used_at IS NULL OR k.last_used_at < u.moment)
$$;

REVOKE EXECUTE ON FUNCTION find_caller(bytea), note_key_uses(bigint[], bigint[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_caller(bytea), note_key_uses(bigint[], bigint[], timestamptz[]) TO syncflow_api;
