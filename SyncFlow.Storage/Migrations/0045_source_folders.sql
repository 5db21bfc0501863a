-- Directories in which sources leave their files. folder: below the tenant's own directory of the operator's root.
CREATE TABLE source_folders (
  tenant_id     bigint      NOT NULL,
  connection_id bigint      NOT NULL,
  folder        text        NOT NULL CHECK (folder <> ''),
  problem       text,
  last_file     text,
  last_file_at  timestamptz,
  created_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id),
  UNIQUE (tenant_id, folder),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

ALTER TABLE source_folders ENABLE ROW LEVEL SECURITY;
ALTER TABLE source_folders FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON source_folders TO syncflow_api, syncflow_worker
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY owner ON source_folders TO syncflow_owner USING (true) WITH CHECK (true);
GRANT SELECT ON source_folders TO syncflow_api, syncflow_worker;
GRANT INSERT, UPDATE, DELETE ON source_folders TO syncflow_api;
GRANT UPDATE ON source_folders TO syncflow_worker;

CREATE FUNCTION watched_source_folders() RETURNS TABLE (tenant_id bigint, connection_id bigint, folder text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT f.tenant_id, f.connection_id, f.folder FROM source_folders f
$$;

REVOKE EXECUTE ON FUNCTION watched_source_folders() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION watched_source_folders() TO syncflow_worker;
