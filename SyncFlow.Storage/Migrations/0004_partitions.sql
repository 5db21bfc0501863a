-- Days of the inbox. Both functions may be called at any time, by any number of processes.

CREATE FUNCTION ensure_inbox_partitions(days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  day date;
  made int := 0;
BEGIN
  IF days < 0 OR days > 60 THEN
    RAISE EXCEPTION 'days must be from 0 to 60, not %', days USING ERRCODE = 'invalid_parameter_value';
  END IF;

  PERFORM pg_advisory_xact_lock(7311002);
  FOR offset_days IN 0..days LOOP
    day := (now() AT TIME ZONE 'UTC')::date + offset_days;
    -- A day whose first rows already lie in the default partition stays there: they cannot be moved under load.
    IF to_regclass(format('inbox_%s', to_char(day, 'YYYYMMDD'))) IS NULL
       AND NOT EXISTS (SELECT FROM inbox_default WHERE received_day = day) THEN
      EXECUTE format('CREATE TABLE inbox_%s PARTITION OF inbox FOR VALUES FROM (%L) TO (%L)',
        to_char(day, 'YYYYMMDD'), day, day + 1);
      made := made + 1;
    END IF;
  END LOOP;

  RETURN made;
END $$;

-- Drops days older than keep_days on which nothing waits any more; a day with pending or dead events is kept.
CREATE FUNCTION drop_inbox_partitions(keep_days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  part record;
  waits bool;
  dropped int := 0;
BEGIN
  IF keep_days < 1 THEN
    RAISE EXCEPTION 'keep_days must be at least 1, not %', keep_days USING ERRCODE = 'invalid_parameter_value';
  END IF;

  PERFORM pg_advisory_xact_lock(7311002);
  FOR part IN
    SELECT child.relname AS name
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'inbox'::regclass AND child.relname ~ '^inbox_\d{8}$'
      AND to_date(right(child.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - keep_days
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE state IN (0, 2))', part.name) INTO waits;
    IF NOT waits THEN
      EXECUTE format('DROP TABLE %I', part.name);
      dropped := dropped + 1;
    END IF;
  END LOOP;

  RETURN dropped;
END $$;
