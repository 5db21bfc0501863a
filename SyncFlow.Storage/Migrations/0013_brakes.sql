-- The merchant's brakes.

-- strength: SyncFlow.Core.Brakes.BrakeStrength. connection_id 0 stands for all connections of the tenant. A lifted
-- brake keeps its row, so that its version only rises.
CREATE TABLE brakes (
  tenant_id     bigint      NOT NULL REFERENCES tenants,
  connection_id bigint      NOT NULL,
  strength      smallint    NOT NULL CHECK (strength BETWEEN 0 AND 2),
  why           text        NOT NULL,
  who           text        NOT NULL,
  since         timestamptz NOT NULL,
  version       bigint      NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, connection_id)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['brakes'] LOOP
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

GRANT INSERT, UPDATE ON brakes TO syncflow_api;
