-- Orders that were fetched and are not applied, by connection: while there is one, readings prove nothing (SyncFlow.Storage.
-- Channels.FetchStore). What the topics mean is in SyncFlow.Storage.Inbox.FetchTopics.
CREATE INDEX inbox_unapplied_orders ON inbox (tenant_id, connection_id, state, received_at)
WHERE state IN (0, 2) AND topic IN ('fetch', 'import');

-- Tenants for which an incident of these kinds is open: whether its cause is gone is then looked at in the tenant.
CREATE FUNCTION tenants_with_open_incidents(kinds text[]) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT DISTINCT i.tenant_id FROM incidents i WHERE i.closed_at IS NULL AND i.kind = ANY (kinds);
END $$;
REVOKE EXECUTE ON FUNCTION tenants_with_open_incidents(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_with_open_incidents(text[]) TO syncflow_worker;

-- Of what died before anybody was told.
INSERT INTO incidents (tenant_id, incident_key, kind, message, connection_id, opened_at, seen_at, times)
SELECT tenant_id, 'dead-letter:' || coalesce(connection_id::text, 'own'), 'dead-letter',
  count(*) || ' events could not be applied. What they told is missing until they are replayed or discarded (GET /dead-letters).',
  connection_id, now(), now(), count(*)::int
FROM inbox WHERE state = 2 GROUP BY tenant_id, connection_id
ON CONFLICT (tenant_id, incident_key) WHERE closed_at IS NULL DO NOTHING;
