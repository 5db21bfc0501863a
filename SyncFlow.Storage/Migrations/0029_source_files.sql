-- Files that sources hand over: all of their positions, or their history. A file's rows are kept until they are booked.

-- kind: SourceFileKind; state: SourceFileState (SyncFlow.Storage.Sources). rows: sound ones; broken_rows: those that are
-- not. done_line: rows up to here are taken in. hash: SHA-256 of the bytes, by which a file sent again is known.
CREATE TABLE source_files (
  tenant_id     bigint      NOT NULL,
  file_id       bigint      GENERATED ALWAYS AS IDENTITY,
  connection_id bigint      NOT NULL,
  kind          smallint    NOT NULL CHECK (kind BETWEEN 1 AND 2),
  state         smallint    NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 6),
  hash          bytea,
  rows          int         NOT NULL DEFAULT 0,
  broken_rows   int         NOT NULL DEFAULT 0,
  errors        jsonb,
  known         bigint,
  listed        bigint,
  zeroed        bigint,
  held_because  text,
  done_line     int         NOT NULL DEFAULT 0,
  done_rows     int         NOT NULL DEFAULT 0,
  accepted      int         NOT NULL DEFAULT 0,
  repeated      int         NOT NULL DEFAULT 0,
  held          int         NOT NULL DEFAULT 0,
  refused       int         NOT NULL DEFAULT 0,
  received_by   text        NOT NULL,
  received_at   timestamptz NOT NULL,
  decided_by    text,
  decided_at    timestamptz,
  finished_at   timestamptz,
  PRIMARY KEY (tenant_id, file_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

CREATE INDEX source_files_source ON source_files (tenant_id, connection_id, file_id);
CREATE INDEX source_files_open ON source_files (tenant_id, file_id) WHERE state IN (1, 3);

-- body: a SyncFlow.Storage.Sources.SourceEvent.
CREATE TABLE source_file_rows (
  tenant_id bigint NOT NULL,
  file_id   bigint NOT NULL,
  line      int    NOT NULL,
  item_key  text   NOT NULL,
  place     text   NOT NULL,
  on_hand   int    NOT NULL,
  body      bytea  COMPRESSION lz4 NOT NULL,
  PRIMARY KEY (tenant_id, file_id, line)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['source_files', 'source_file_rows'] LOOP
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

GRANT INSERT, UPDATE ON source_files TO syncflow_api;
GRANT UPDATE ON source_files TO syncflow_worker;
GRANT INSERT, DELETE ON source_file_rows TO syncflow_api;
GRANT DELETE ON source_file_rows TO syncflow_worker;

-- Tenants with files that are to be booked, or that broke off while they were received.
CREATE FUNCTION tenants_with_open_source_files() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT f.tenant_id FROM source_files f WHERE f.state IN (1, 3)
$$;

REVOKE EXECUTE ON FUNCTION tenants_with_open_source_files() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_with_open_source_files() TO syncflow_worker;
