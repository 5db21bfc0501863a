-- Buffers by how fast SKUs sell.

-- Every version that ever was; the highest is in force. tiers: an array of SyncFlow.Core.Buffers.BufferTier, slowest
-- first; null where the policy was withdrawn.
CREATE TABLE buffer_policies (
  tenant_id  bigint      NOT NULL REFERENCES tenants,
  version    int         NOT NULL CHECK (version > 0),
  tiers      jsonb,
  changed_at timestamptz NOT NULL,
  changed_by text        NOT NULL,
  PRIMARY KEY (tenant_id, version)
);

-- The buffer of a pool by the policy in force, as last evaluated. per_day: units per day that its location sold then.
-- units: of days of cover, what they came to.
CREATE TABLE tier_buffers (
  tenant_id   bigint  NOT NULL REFERENCES tenants,
  sku_id      bigint  NOT NULL,
  location_id bigint  NOT NULL,
  tier        text    NOT NULL,
  per_day     numeric NOT NULL CHECK (per_day >= 0),
  units       int     CHECK (units >= 0),
  percent     numeric CHECK (percent BETWEEN 0 AND 100),
  days        numeric CHECK (days >= 0),
  PRIMARY KEY (tenant_id, sku_id, location_id),
  CHECK ((units IS NULL) <> (percent IS NULL))
);

-- When the paces of a tenant's SKUs were last looked at: once a day, so that a tier never changes twice in one.
CREATE TABLE buffer_evaluations (
  tenant_id    bigint      NOT NULL PRIMARY KEY REFERENCES tenants,
  evaluated_at timestamptz NOT NULL
);

-- Units that are never shown, as SyncFlow.Core.Stock.AvailableToSell has it.
CREATE FUNCTION buffer_units(unencumbered int, own int, units int, percent numeric) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT greatest(own, least(greatest(unencumbered, 0), coalesce(units, ceil(greatest(unencumbered, 0) * percent / 100)::int, 0)))
$$;

-- The buffers of a SKU's pools shape what is sold, so they stand in the history of settings, by SKU.
ALTER TABLE setting_history DROP CONSTRAINT setting_history_subject_check,
  ADD CONSTRAINT setting_history_subject_check CHECK (subject IN ('sku', 'location', 'connection', 'buffer'));

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['buffer_policies', 'tier_buffers', 'buffer_evaluations'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format($policy$
      CREATE POLICY own_tenant ON %I TO syncflow_api, syncflow_worker
      USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
      WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$policy$, name);
    EXECUTE format('CREATE POLICY owner ON %I TO syncflow_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO syncflow_api, syncflow_worker', name);
  END LOOP;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON buffer_policies FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON buffer_policies FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT INSERT ON buffer_policies TO syncflow_api;
GRANT INSERT, UPDATE, DELETE ON tier_buffers TO syncflow_api, syncflow_worker;
GRANT INSERT, UPDATE ON buffer_evaluations TO syncflow_api, syncflow_worker;

-- Tenants with a policy in force, and when it was last evaluated.
CREATE FUNCTION buffer_tenants() RETURNS TABLE (tenant_id bigint, evaluated_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.tenant_id, e.evaluated_at
  FROM (SELECT DISTINCT ON (b.tenant_id) b.tenant_id, b.tiers FROM buffer_policies b ORDER BY b.tenant_id, b.version DESC) p
  LEFT JOIN buffer_evaluations e ON e.tenant_id = p.tenant_id WHERE p.tiers IS NOT NULL
$$;

REVOKE EXECUTE ON FUNCTION buffer_tenants() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION buffer_tenants() TO syncflow_worker;
