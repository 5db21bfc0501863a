-- Nobody ever read how often a level was pushed; push_levels has each time.
ALTER TABLE listing_levels DROP COLUMN push_count;

-- For a minute and more after a merchant's catalog came in, the statistics are those of the tables before it. What is
-- planned meanwhile may go through all rows of the merchant for each of the rows it asks for. Looks at what a table takes
-- on disk, so a call costs nothing where nothing grew; may be called at any time, by any number of processes.
CREATE FUNCTION refresh_statistics() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  grown record;
  looked int := 0;
BEGIN
  FOR grown IN
    SELECT t.oid::regclass AS name
    FROM pg_class t
    WHERE t.oid IN ('channel_items'::regclass, 'skus'::regclass, 'listings'::regclass, 'listing_levels'::regclass,
        'sku_state'::regclass, 'positions'::regclass)
      AND pg_relation_size(t.oid) / current_setting('block_size')::bigint > 2 * t.relpages + 8
  LOOP
    EXECUTE format('ANALYZE (SKIP_LOCKED) %s', grown.name);
    looked := looked + 1;
  END LOOP;

  RETURN looked;
END $$;

REVOKE ALL ON FUNCTION refresh_statistics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refresh_statistics() TO syncflow_worker;
