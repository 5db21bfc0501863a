-- What is kept for days, and not a day longer.

-- Before, one event that waited kept the raw bodies of its whole day, of every tenant, for ever. What waits is moved to the default
-- partition, and the day goes; from there it goes once it waits no more. Gives up after two seconds behind a long transaction;
-- it is tried again a minute later.
CREATE OR REPLACE FUNCTION drop_inbox_partitions(keep_days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  part record;
  before date := (now() AT TIME ZONE 'UTC')::date - keep_days;
  dropped int := 0;
BEGIN
  IF keep_days < 1 THEN
    RAISE EXCEPTION 'keep_days must be at least 1, not %', keep_days USING ERRCODE = 'invalid_parameter_value';
  END IF;

  PERFORM pg_advisory_xact_lock(7311002);
  FOR part IN
    SELECT child.relname AS name
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'inbox'::regclass AND child.relname ~ '^inbox_\d{8}$' AND to_date(right(child.relname, 8), 'YYYYMMDD') < before
    ORDER BY child.relname
  LOOP
    -- First the parent, as everybody does who asks; then nobody claims what is moved.
    LOCK TABLE ONLY inbox IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', part.name);
    EXECUTE format('ALTER TABLE inbox DETACH PARTITION %I', part.name);
    EXECUTE format('INSERT INTO inbox SELECT * FROM %I WHERE state IN (0, 2)', part.name);
    EXECUTE format('DROP TABLE %I', part.name);
    dropped := dropped + 1;
  END LOOP;

  DELETE FROM inbox_default WHERE received_day < before AND state IN (1, 3);
  RETURN dropped;
END $$;

-- The purge: a bounded step of one table, told how many rows went. What may go is said here and nowhere else, so the worker needs no
-- right to delete: it can shorten nothing. Two workers at once do not wait for each other.
CREATE FUNCTION purge_step(what text, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone int;
  old text := CASE what
    WHEN 'idempotency_keys' THEN $q$created_at < now() - interval '7 days'$q$
    WHEN 'work_items' THEN $q$state IN (1, 2) AND finished_at < now() - interval '30 days'$q$
    WHEN 'sign_in_links' THEN $q$expires_at < now() - interval '30 days'$q$
    WHEN 'sessions' THEN $q$least(expires_at, revoked_at) < now() - interval '30 days'$q$
    WHEN 'sync_runs' THEN $q$state NOT IN ('queued', 'running') AND finished_at < now() - interval '90 days'$q$
  END;
BEGIN
  IF old IS NULL OR most < 1 OR most > 100000 THEN
    RAISE EXCEPTION 'no purge of % rows of %', most, what USING ERRCODE = 'invalid_parameter_value';
  END IF;

  EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %1$I WHERE %2$s LIMIT $1 FOR UPDATE SKIP LOCKED))', what, old) USING most;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;

-- Up to which night a tenant's positions have been compared with its ledger, and who is at it.
CREATE TABLE ledger_replays (
  tenant_id        bigint NOT NULL PRIMARY KEY,
  replayed_through date,
  claimed_until    timestamptz
);

ALTER TABLE ledger_replays ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_replays FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledger_replays TO syncflow_api, syncflow_worker
USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY owner ON ledger_replays TO syncflow_owner USING (true) WITH CHECK (true);
GRANT SELECT ON ledger_replays TO syncflow_api;
GRANT SELECT, INSERT, UPDATE ON ledger_replays TO syncflow_worker;

-- The night that has begun counts as done: else all would be compared in the middle of the day of the update.
INSERT INTO ledger_replays (tenant_id, replayed_through) SELECT tenant_id, ((now() AT TIME ZONE 'UTC') - interval '3 hours')::date FROM tenants;

-- Tenants of which a night is still to be compared, and nobody is at it.
CREATE FUNCTION tenants_to_replay(night date, at timestamptz) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT t.tenant_id FROM tenants t LEFT JOIN ledger_replays r USING (tenant_id)
  WHERE (r.replayed_through IS NULL OR r.replayed_through < night) AND (r.claimed_until IS NULL OR r.claimed_until <= at)
  ORDER BY t.tenant_id;
END $$;

REVOKE EXECUTE ON FUNCTION purge_step(text, int), tenants_to_replay(date, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_step(text, int), tenants_to_replay(date, timestamptz) TO syncflow_worker;
