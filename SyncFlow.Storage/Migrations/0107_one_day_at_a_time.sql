-- Nobody can store an event while a day is taken out of the inbox, so that is one day in a transaction, and what waits or is dead is
-- found by its index: looked for in the whole day, gigabytes were read meanwhile. Returns 1, or 0 where no day is left to drop; then
-- what was moved before and waits no more is deleted.
CREATE OR REPLACE FUNCTION drop_inbox_partitions(keep_days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  day name;
  before date := (now() AT TIME ZONE 'UTC')::date - keep_days;
BEGIN
  IF keep_days < 1 THEN
    RAISE EXCEPTION 'keep_days must be at least 1, not %', keep_days USING ERRCODE = 'invalid_parameter_value';
  END IF;

  PERFORM pg_advisory_xact_lock(7311002);
  SELECT child.relname INTO day
  FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
  WHERE inhparent = 'inbox'::regclass AND child.relname ~ '^inbox_\d{8}$' AND to_date(right(child.relname, 8), 'YYYYMMDD') < before
  ORDER BY child.relname LIMIT 1;
  IF day IS NULL THEN
    DELETE FROM inbox_default WHERE received_day < before AND state IN (1, 3);
    RETURN 0;
  END IF;

  -- First the parent, as everybody does who asks; then nobody claims what is moved.
  LOCK TABLE ONLY inbox IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', day);
  EXECUTE format('ALTER TABLE inbox DETACH PARTITION %I', day);
  EXECUTE format('INSERT INTO inbox SELECT * FROM %I WHERE state = 0', day);
  EXECUTE format('INSERT INTO inbox SELECT * FROM %I WHERE state = 2', day);
  EXECUTE format('DROP TABLE %I', day);
  RETURN 1;
END $$;
