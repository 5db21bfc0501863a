-- Pushes lie in one partition a week, so that old ones are dropped and not deleted. A week is from Monday to Monday, UTC, of
-- planned_at: whoever asks by a push knows when it was planned, and the two rows of a push and a level have the same moment.
-- The default partitions take what nobody prepared: a clock far off, and weeks from before the first partition.
--
-- Rows are moved as they are. A million rows of push_levels with their pushes take about 13 s on two cores; pushes wait meanwhile.

SET LOCAL timezone = 'UTC';

-- What was dropped: whoever finds no push must be able to say "older than kept", and not "there was none".
CREATE TABLE pushes_kept (
  only_row  bool        PRIMARY KEY DEFAULT true CHECK (only_row),
  kept_from timestamptz NOT NULL
);
ALTER TABLE pushes_kept ENABLE ROW LEVEL SECURITY;
ALTER TABLE pushes_kept FORCE ROW LEVEL SECURITY;
CREATE POLICY all_tenants ON pushes_kept FOR SELECT TO syncflow_api, syncflow_worker USING (true);
CREATE POLICY owner ON pushes_kept TO syncflow_owner USING (true) WITH CHECK (true);
GRANT SELECT ON pushes_kept TO syncflow_api, syncflow_worker;

ALTER TABLE pushes RENAME TO pushes_before;
ALTER TABLE push_levels RENAME TO push_levels_before;
ALTER TABLE pushes_before DROP CONSTRAINT pushes_pkey;
ALTER TABLE push_levels_before DROP CONSTRAINT push_levels_pkey;
DROP INDEX pushes_unsettled, pushes_planned, push_levels_level, push_levels_unproven, push_levels_planned;

CREATE TABLE pushes (LIKE pushes_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (planned_at);
CREATE TABLE push_levels (LIKE push_levels_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (planned_at);

-- A level is settled and proven after it was written, each time on the row's own page if that has room: room for a second
-- copy is enough, because the first one's place is free again by then.
CREATE TABLE pushes_default PARTITION OF pushes DEFAULT;
CREATE TABLE push_levels_default PARTITION OF push_levels DEFAULT WITH (fillfactor = 50);

-- The week that a moment lies in.
CREATE FUNCTION push_week(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT date_trunc('week', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' $$;

-- Makes the partition of a week of one of the two tables, with what of the week already lies in the default partition.
CREATE FUNCTION make_push_partition(parent text, week timestamptz) RETURNS bool
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  part text := format('%s_%s', parent, to_char(week, 'YYYYMMDD'));
  until timestamptz := week + interval '7 days';
  strays bool;
BEGIN
  IF to_regclass(part) IS NOT NULL THEN
    RETURN false;
  END IF;

  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)%s',
    part, parent, CASE WHEN parent = 'push_levels' AND until > now() THEN ' WITH (fillfactor = 50)' ELSE '' END);
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
  EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE planned_at >= $1 AND planned_at < $2)', parent || '_default')
    INTO strays USING week, until;
  IF strays THEN
    EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE planned_at >= $1 AND planned_at < $2', part, parent || '_default') USING week, until;
    EXECUTE format('DELETE FROM %I WHERE planned_at >= $1 AND planned_at < $2', parent || '_default') USING week, until;
  END IF;

  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, week, until);
  RETURN true;
END $$;

-- The weeks of what is kept, and those to come; what lies in the future is a clock's mistake and stays in the default.
DO $$
DECLARE
  tab text;
  week timestamptz;
BEGIN
  FOREACH tab IN ARRAY ARRAY['pushes', 'push_levels'] LOOP
    FOR week IN EXECUTE format('SELECT DISTINCT push_week(planned_at) FROM %I WHERE planned_at < now()', tab || '_before') LOOP
      PERFORM make_push_partition(tab, week);
    END LOOP;
    FOR ahead IN 0..2 LOOP
      PERFORM make_push_partition(tab, push_week(now()) + ahead * interval '7 days');
    END LOOP;
  END LOOP;
END $$;

INSERT INTO pushes SELECT * FROM pushes_before;
INSERT INTO push_levels SELECT * FROM push_levels_before;
DROP TABLE pushes_before, push_levels_before;

ALTER TABLE pushes ADD PRIMARY KEY (tenant_id, push_id, planned_at);
CREATE INDEX pushes_unsettled ON pushes (tenant_id, connection_id) WHERE state <> 2;
-- A merchant's pushes of the last minutes (settle times) and days (what is billed): not a block range, which is of all merchants.
CREATE INDEX pushes_planned ON pushes (tenant_id, planned_at);

-- No index of push_levels names what an answer or a proof changes, so neither tells any index of a new row. What is not
-- proven yet of a level is found from its newest push back to the newest that is proven.
ALTER TABLE push_levels ADD PRIMARY KEY (tenant_id, push_id, level_id, planned_at);
CREATE INDEX push_levels_level ON push_levels (tenant_id, level_id, planned_at);
CREATE INDEX push_levels_planned ON push_levels USING brin (planned_at);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['pushes', 'push_levels'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format($policy$
      CREATE POLICY own_tenant ON %I TO syncflow_api, syncflow_worker
      USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
      WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$policy$, name);
    EXECUTE format('CREATE POLICY owner ON %I TO syncflow_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO syncflow_api, syncflow_worker', name);
    EXECUTE format('GRANT INSERT, UPDATE ON %I TO syncflow_worker', name);
  END LOOP;
END $$;

-- A week that has nothing yet must not be known as empty: plans made for it would read it from end to end when it fills.
-- So nothing analyzes the whole.
DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN SELECT DISTINCT tableoid::regclass FROM push_levels UNION SELECT DISTINCT tableoid::regclass FROM pushes LOOP
    EXECUTE format('ANALYZE %s', part);
  END LOOP;
END $$;

-- Each of the two tables by itself, in a transaction of its own: who settles a push has locked push_levels when he comes to
-- pushes. Whoever waits for a lock makes all others wait behind him, so he soon gives up and is called again.
CREATE FUNCTION ensure_push_partitions(parent text, weeks int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  made int := 0;
  week timestamptz;
BEGIN
  IF parent NOT IN ('pushes', 'push_levels') THEN
    RAISE EXCEPTION 'no partitions of % are made here', parent USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF weeks < 0 OR weeks > 12 THEN
    RAISE EXCEPTION 'weeks must be from 0 to 12, not %', weeks USING ERRCODE = 'invalid_parameter_value';
  END IF;

  PERFORM pg_advisory_xact_lock(7311003);
  FOR ahead IN 0..weeks LOOP
    made := made + make_push_partition(parent, push_week(now()) + ahead * interval '7 days')::int;
  END LOOP;

  -- After a gap, or under a clock that is behind: the past goes into weeks of its own, so that it can be dropped.
  FOR week IN EXECUTE format('SELECT DISTINCT push_week(planned_at) FROM %I WHERE planned_at < now()', parent || '_default') LOOP
    made := made + make_push_partition(parent, week)::int;
  END LOOP;

  RETURN made;
END $$;

-- Drops weeks that ended more than keep_days ago. Kept are weeks with a push that is not settled, or with a level whose write
-- is neither proven nor given up; weeks of pushes are kept as long as the same weeks of levels. Answers how many went, and how
-- many had to stay.
CREATE FUNCTION drop_push_partitions(parent text, keep_days int, OUT dropped int, OUT held int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  part record;
  stays bool;
  before timestamptz := now() - keep_days * interval '1 day';
BEGIN
  IF parent NOT IN ('pushes', 'push_levels') THEN
    RAISE EXCEPTION 'no partitions of % are dropped here', parent USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF keep_days < 7 THEN
    RAISE EXCEPTION 'keep_days must be at least 7, not %', keep_days USING ERRCODE = 'invalid_parameter_value';
  END IF;

  dropped := 0;
  held := 0;
  PERFORM pg_advisory_xact_lock(7311003);
  FOR part IN
    SELECT w.name, w.week, w.week + interval '7 days' AS until
    FROM (
      SELECT child.relname AS name, to_date(right(child.relname, 8), 'YYYYMMDD')::timestamptz AS week
      FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
      WHERE inhparent = parent::regclass AND child.relname ~ '_\d{8}$') w
    WHERE w.week + interval '7 days' <= before ORDER BY w.week
  LOOP
    stays := push_week_is_open(part.week, part.until)
      OR (parent = 'pushes' AND to_regclass('push_levels' || right(part.name, 9)) IS NOT NULL);
    IF stays THEN
      held := held + 1;
    ELSE
      EXECUTE format('DROP TABLE %I', part.name);
      dropped := dropped + 1;
      INSERT INTO pushes_kept AS k (kept_from) VALUES (part.until)
      ON CONFLICT (only_row) DO UPDATE SET kept_from = greatest(k.kept_from, excluded.kept_from);
    END IF;
  END LOOP;
END $$;

-- Whether anything of these moments still waits: for an answer, or for the reading that proves it. What a connection that is
-- gone left behind, or a level that is, waits for nothing.
CREATE FUNCTION push_week_is_open(since timestamptz, until timestamptz) RETURNS bool
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
      SELECT FROM pushes p JOIN connections c USING (tenant_id, connection_id)
      WHERE p.planned_at >= since AND p.planned_at < until AND p.state <> 2 AND c.status <> 7)
    OR EXISTS (
      SELECT FROM push_levels e
      JOIN listing_levels l USING (tenant_id, level_id)
      JOIN connections c ON c.tenant_id = l.tenant_id AND c.connection_id = l.connection_id
      WHERE e.planned_at >= since AND e.planned_at < until AND e.outcome = 1 AND e.verified_at IS NULL
        AND c.status <> 7 AND l.status NOT IN (6, 60, 62) AND (l.unverified_units > 0 OR l.needs_reading));
END $$;

REVOKE EXECUTE ON FUNCTION
  push_week(timestamptz), make_push_partition(text, timestamptz), ensure_push_partitions(text, int),
  drop_push_partitions(text, int), push_week_is_open(timestamptz, timestamptz)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_push_partitions(text, int), drop_push_partitions(text, int) TO syncflow_worker;
