-- The life of expiring access: when it ends, who is renewing it, and which session tokens were used up.

-- token_claim names who renews the pair at this moment, until token_claimed_until; nobody else does meanwhile.
ALTER TABLE connections ADD COLUMN token_expires_at timestamptz;
ALTER TABLE connections ADD COLUMN refresh_expires_at timestamptz;
ALTER TABLE connections ADD COLUMN token_refreshed_at timestamptz;
ALTER TABLE connections ADD COLUMN token_refreshes bigint NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN token_claim text;
ALTER TABLE connections ADD COLUMN token_claimed_until timestamptz;

-- Pairs whose refresh token ends before a moment: connections that made no call for long. Statuses that may be called,
-- the paused included; a refused or removed access is not renewed.
CREATE FUNCTION idle_tokens(ends_before timestamptz, most int)
RETURNS TABLE (tenant_id bigint, connection_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.connection_id FROM connections c
  WHERE c.refresh_expires_at <= ends_before AND c.status IN (1, 2, 3, 4, 8)
  ORDER BY c.refresh_expires_at LIMIT most
$$;

-- Session tokens that installed something: each counts once, whoever's it is. Only its hash is kept, until it has expired.
CREATE TABLE session_token_uses (
  token_hash bytea       PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
ALTER TABLE session_token_uses ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_token_uses FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON session_token_uses TO syncflow_owner USING (true) WITH CHECK (true);

CREATE FUNCTION use_session_token(hash bytea, ends_at timestamptz, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM session_token_uses WHERE expires_at < at - interval '5 minutes';
  INSERT INTO session_token_uses VALUES (hash, ends_at) ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;

-- Whose a shop is, before the tenant is known. A closed connection is nobody's.
CREATE FUNCTION find_shop(domain text) RETURNS TABLE (tenant_id bigint, connection_id bigint, status smallint, expires bool)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.connection_id, c.status, c.refresh_expires_at IS NOT NULL
  FROM connections c WHERE lower(c.shop) = lower(domain) AND c.status <> 7
$$;

REVOKE EXECUTE ON FUNCTION idle_tokens(timestamptz, int), use_session_token(bytea, timestamptz, timestamptz), find_shop(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idle_tokens(timestamptz, int) TO syncflow_worker;
GRANT EXECUTE ON FUNCTION use_session_token(bytea, timestamptz, timestamptz), find_shop(text) TO syncflow_api;
