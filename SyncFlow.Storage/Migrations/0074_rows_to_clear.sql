-- Files that will not be booked, whose rows are still to be deleted: a piece at a time, done_line says how far.
ALTER TABLE source_files ADD COLUMN to_clear boolean NOT NULL DEFAULT false;

CREATE INDEX source_files_to_clear ON source_files (tenant_id, file_id) WHERE to_clear;

CREATE FUNCTION tenants_with_files_to_clear() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT DISTINCT f.tenant_id FROM source_files f WHERE f.to_clear;
END $$;

REVOKE EXECUTE ON FUNCTION tenants_with_files_to_clear() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_with_files_to_clear() TO syncflow_worker;
