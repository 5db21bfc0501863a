-- Sources whose changes are read from their own PostgreSQL database, and how sources' own records become events.

-- The mapping that a source's records are read by: a ready one, or one of the tenant's own.
ALTER TABLE sources ADD COLUMN mapping text CHECK (mapping <> '');

-- A merchant's own mappings. document: see docs/source-mappings.md.
CREATE TABLE source_mappings (
  tenant_id  bigint      NOT NULL,
  name       text        NOT NULL CHECK (name <> ''),
  document   jsonb       NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, name),
  FOREIGN KEY (tenant_id) REFERENCES tenants
);

-- state: SyncFlow.Storage.Sources.Capture.CaptureState. confirmed: every transaction that ends up to here is stored;
-- doing, done_changes: of the transaction whose commit is at doing, so many changes are stored. system_id: the database
-- cluster it was read from. revision rises with every change of what is to be read, and starts the reading anew.
CREATE TABLE source_captures (
  tenant_id      bigint      NOT NULL,
  connection_id  bigint      NOT NULL,
  host           text        NOT NULL,
  port           int         NOT NULL CHECK (port BETWEEN 1 AND 65535),
  database_name  text        NOT NULL,
  username       text        NOT NULL,
  tls            smallint    NOT NULL CHECK (tls BETWEEN 1 AND 3),
  publication    text        NOT NULL,
  slot           text        NOT NULL,
  table_name     text        NOT NULL,
  revision       int         NOT NULL DEFAULT 1,
  state          smallint    NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 5),
  problem        text,
  system_id      text,
  confirmed      pg_lsn,
  doing          pg_lsn,
  done_changes   int         NOT NULL DEFAULT 0,
  transactions   bigint      NOT NULL DEFAULT 0,
  changes        bigint      NOT NULL DEFAULT 0,
  passed_over    bigint      NOT NULL DEFAULT 0,
  refused        bigint      NOT NULL DEFAULT 0,
  last_change_at timestamptz,
  lag_bytes      bigint,
  slot_status    text,
  heard_at       timestamptz,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

-- Changes that could not be read by the mapping. position: where in the source's log; record: the columns it looks at.
CREATE TABLE source_refusals (
  tenant_id     bigint      NOT NULL,
  refusal_id    bigint      GENERATED ALWAYS AS IDENTITY,
  connection_id bigint      NOT NULL,
  position      text        NOT NULL,
  record        jsonb       NOT NULL,
  errors        jsonb       NOT NULL,
  at            timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, refusal_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

CREATE INDEX source_refusals_source ON source_refusals (tenant_id, connection_id, refusal_id);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['source_mappings', 'source_captures', 'source_refusals'] LOOP
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

GRANT INSERT, UPDATE, DELETE ON source_mappings, source_captures TO syncflow_api;
GRANT UPDATE, DELETE ON source_captures TO syncflow_worker;
GRANT INSERT, DELETE ON source_refusals TO syncflow_worker;

-- Captures that run or are to be removed: those that wait for a person are left out.
CREATE FUNCTION captures_to_run() RETURNS TABLE (tenant_id bigint, connection_id bigint, revision int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.connection_id, c.revision FROM source_captures c WHERE c.state IN (1, 2, 5)
$$;

REVOKE EXECUTE ON FUNCTION captures_to_run() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION captures_to_run() TO syncflow_worker;
