-- Connections that have an order at a guessed location, as old as is asked for: whether somebody asks for it is then looked at in
-- the tenant. Few orders are, and the index holds no others.
CREATE FUNCTION connections_with_guessed_orders(before timestamptz)
RETURNS TABLE (tenant_id bigint, connection_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT DISTINCT o.tenant_id, o.connection_id
  FROM orders o JOIN connections c ON c.tenant_id = o.tenant_id AND c.connection_id = o.connection_id
  WHERE o.provisional AND o.updated_at <= before AND c.status IN (3, 4);
END $$;
REVOKE EXECUTE ON FUNCTION connections_with_guessed_orders(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION connections_with_guessed_orders(timestamptz) TO syncflow_worker;
