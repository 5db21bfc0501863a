-- What explanations, time travel and replay stand on beside the ledger: which pools were opened when, what the settings
-- were when, how levels stood in more detail, and sums at moments of the past so that nobody adds up from the beginning.

-- Whether a pool's on-hand is known. Zero may be counted in, so entries alone do not tell. The newest row is in force.
CREATE TABLE pool_openings (
  tenant_id   bigint      NOT NULL,
  opening_id  bigint      GENERATED ALWAYS AS IDENTITY,
  sku_id      bigint      NOT NULL,
  location_id bigint      NOT NULL,
  opened      bool        NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, sku_id, location_id, opening_id)
);

INSERT INTO pool_openings (tenant_id, sku_id, location_id, opened, at)
SELECT p.tenant_id, p.sku_id, p.location_id, true, coalesce(
  (SELECT min(e.recorded_at) FROM ledger_entries e
   WHERE e.tenant_id = p.tenant_id AND e.sku_id = p.sku_id AND e.location_id = p.location_id), now())
FROM positions p WHERE p.opened;

-- Settings of SKUs, locations and connections that shape what is sold, one row per change. No credentials.
CREATE TABLE setting_history (
  tenant_id  bigint      NOT NULL,
  setting_id bigint      GENERATED ALWAYS AS IDENTITY,
  subject    text        NOT NULL CHECK (subject IN ('sku', 'location', 'connection')),
  subject_id bigint      NOT NULL,
  at         timestamptz NOT NULL,
  settings   jsonb       NOT NULL,
  PRIMARY KEY (tenant_id, subject, subject_id, setting_id)
);

CREATE FUNCTION note_sku_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'sku', NEW.sku_id, now(), jsonb_build_object(
    'mode', NEW.mode, 'safetyBuffer', NEW.safety_buffer, 'riskBudget', NEW.risk_budget));
  RETURN NULL;
END $$;

CREATE FUNCTION note_location_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'location', NEW.location_id, now(), jsonb_build_object(
    'fulfillsOnline', NEW.fulfills_online, 'poolGroup', NEW.pool_group));
  RETURN NULL;
END $$;

CREATE FUNCTION note_connection_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'connection', NEW.connection_id, now(), jsonb_build_object(
    'status', NEW.status, 'settings', NEW.settings));
  RETURN NULL;
END $$;

CREATE TRIGGER note_settings AFTER INSERT ON skus FOR EACH ROW EXECUTE FUNCTION note_sku_settings();
CREATE TRIGGER note_settings AFTER INSERT ON locations FOR EACH ROW EXECUTE FUNCTION note_location_settings();
CREATE TRIGGER note_settings AFTER INSERT ON connections FOR EACH ROW EXECUTE FUNCTION note_connection_settings();
CREATE TRIGGER note_changed_settings AFTER UPDATE ON skus FOR EACH ROW
  WHEN ((OLD.mode, OLD.safety_buffer, OLD.risk_budget) IS DISTINCT FROM (NEW.mode, NEW.safety_buffer, NEW.risk_budget))
  EXECUTE FUNCTION note_sku_settings();
CREATE TRIGGER note_changed_settings AFTER UPDATE ON locations FOR EACH ROW
  WHEN ((OLD.fulfills_online, OLD.pool_group) IS DISTINCT FROM (NEW.fulfills_online, NEW.pool_group))
  EXECUTE FUNCTION note_location_settings();
CREATE TRIGGER note_changed_settings AFTER UPDATE ON connections FOR EACH ROW
  WHEN ((OLD.status, OLD.settings) IS DISTINCT FROM (NEW.status, NEW.settings))
  EXECUTE FUNCTION note_connection_settings();

INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
SELECT tenant_id, 'sku', sku_id, created_at, jsonb_build_object(
  'mode', mode, 'safetyBuffer', safety_buffer, 'riskBudget', risk_budget) FROM skus
UNION ALL
SELECT tenant_id, 'location', location_id, created_at, jsonb_build_object(
  'fulfillsOnline', fulfills_online, 'poolGroup', pool_group) FROM locations
UNION ALL
SELECT tenant_id, 'connection', connection_id, created_at, jsonb_build_object('status', status, 'settings', settings)
FROM connections;

-- Enough of a level, and of its SKU's mode, to run the rules again on how things stood. Null in rows from before.
ALTER TABLE level_history
  ADD COLUMN status         smallint,
  ADD COLUMN mode           smallint,
  ADD COLUMN in_flight_from int,
  ADD COLUMN push_id        uuid,
  ADD COLUMN read_at        timestamptz,
  ADD COLUMN sold_total     bigint,
  ADD COLUMN put_back_total bigint,
  ADD COLUMN pushed_total   bigint;

CREATE INDEX level_history_moment ON level_history (tenant_id, level_id, at, history_id);
DROP INDEX level_history_level;

-- Sums of a range of moments are read from this index alone, so it takes the place of the one by entry number.
CREATE INDEX ledger_entries_moment ON ledger_entries (tenant_id, sku_id, location_id, recorded_at, entry_id)
  INCLUDE (bucket, delta);
DROP INDEX ledger_entries_position;

-- Reading an index alone needs pages known to be visible to all; insert-only tables are visited rarely by default.
ALTER TABLE ledger_entries SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 10000);
ALTER TABLE level_history SET (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_insert_threshold = 10000);

-- Sums of all entries of a SKU at a location recorded up to and at a moment. Derived; may be dropped and made again.
CREATE TABLE ledger_checkpoints (
  tenant_id        bigint      NOT NULL,
  sku_id           bigint      NOT NULL,
  location_id      bigint      NOT NULL,
  through          timestamptz NOT NULL,
  entries          bigint      NOT NULL,
  on_hand          int         NOT NULL,
  committed        int         NOT NULL,
  allocated        int         NOT NULL,
  pos_pending      int         NOT NULL,
  reserved         int         NOT NULL,
  shipped_unposted int         NOT NULL,
  suspense         int         NOT NULL,
  in_transit       int         NOT NULL,
  unavailable      int         NOT NULL,
  PRIMARY KEY (tenant_id, sku_id, location_id, through)
);

-- How far a tenant's ledger has been looked through for checkpoints that are due.
CREATE TABLE ledger_checkpoint_marks (
  tenant_id bigint      NOT NULL PRIMARY KEY,
  through   timestamptz NOT NULL
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['pool_openings', 'setting_history', 'ledger_checkpoints', 'ledger_checkpoint_marks'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format($policy$
      CREATE POLICY own_tenant ON %I TO syncflow_api, syncflow_worker
      USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
      WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$policy$, name);
    EXECUTE format('CREATE POLICY owner ON %I TO syncflow_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO syncflow_api, syncflow_worker', name);
  END LOOP;

  FOREACH name IN ARRAY ARRAY['pool_openings', 'setting_history'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
    EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    EXECUTE format('GRANT INSERT ON %I TO syncflow_api, syncflow_worker', name);
  END LOOP;
END $$;

GRANT INSERT, DELETE ON ledger_checkpoints TO syncflow_worker;
GRANT INSERT, UPDATE ON ledger_checkpoint_marks TO syncflow_worker;
