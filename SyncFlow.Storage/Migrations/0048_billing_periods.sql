-- Use is counted in the provider's periods of 30 days instead of calendar months, and plans may change within one.

-- Where a tenant's periods begin: as its provider told last; its account's beginning where there is no row.
CREATE TABLE billing_anchors (
  tenant_id bigint      NOT NULL REFERENCES tenants PRIMARY KEY,
  anchor    timestamptz NOT NULL
);

ALTER TABLE usage_entries RENAME COLUMN month TO period_start;
ALTER TABLE usage_entries ALTER COLUMN period_start TYPE timestamptz USING period_start::timestamp AT TIME ZONE 'UTC';
ALTER INDEX usage_entries_month RENAME TO usage_entries_period;
ALTER TABLE usage_months RENAME TO usage_periods;
ALTER TABLE usage_periods RENAME COLUMN month TO period_start;
ALTER TABLE usage_periods ALTER COLUMN period_start TYPE timestamptz USING period_start::timestamp AT TIME ZONE 'UTC';

-- Which subscriptions were in force in a period, in their order. covered: up to where those before covered its use.
CREATE TABLE usage_terms (
  tenant_id    bigint      NOT NULL REFERENCES tenants,
  period_start timestamptz NOT NULL,
  place        int         NOT NULL,
  subscription text        NOT NULL,
  plan         text        NOT NULL,
  covered      bigint      NOT NULL CHECK (covered >= 0),
  since        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, period_start, place)
);

-- Blocks are numbered by subscription: those of a larger plan are not taken for the smaller one's.
ALTER TABLE usage_charges RENAME COLUMN month TO period_start;
ALTER TABLE usage_charges ALTER COLUMN period_start TYPE timestamptz USING period_start::timestamp AT TIME ZONE 'UTC';
ALTER TABLE usage_charges ADD COLUMN place int NOT NULL DEFAULT 1;
ALTER TABLE usage_charges DROP CONSTRAINT usage_charges_pkey, ADD PRIMARY KEY (tenant_id, period_start, place, block);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['billing_anchors', 'usage_terms'] LOOP
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

GRANT INSERT, UPDATE ON billing_anchors, usage_terms TO syncflow_worker;
