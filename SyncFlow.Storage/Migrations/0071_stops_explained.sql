-- Frozen sources, what billing has stopped, and locations that every channel closed stand in the history of settings: what
-- was for sale, and what was not raised, is told by what held it then.

ALTER TABLE setting_history DROP CONSTRAINT setting_history_subject_check,
  ADD CONSTRAINT setting_history_subject_check
    CHECK (subject IN ('sku', 'location', 'connection', 'buffer', 'brake', 'source', 'billing'));

-- By connection. A source's row changes with all that it reports, its state seldom.
CREATE FUNCTION note_source_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'source', NEW.connection_id, now(), jsonb_build_object('frozen', NEW.state = 2, 'why', NEW.state_reason));
  RETURN NULL;
END $$;

CREATE TRIGGER note_changed_settings AFTER UPDATE ON sources FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_source_state();

-- Of the tenant as a whole.
CREATE FUNCTION note_billing_standing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'billing', 0, now(), jsonb_build_object('stopped', NEW.standing = 4, 'why', NEW.why));
  RETURN NULL;
END $$;

CREATE TRIGGER note_settings AFTER INSERT ON billing_standing FOR EACH ROW
  WHEN (NEW.standing = 4) EXECUTE FUNCTION note_billing_standing();
CREATE TRIGGER note_changed_settings AFTER UPDATE ON billing_standing FOR EACH ROW
  WHEN ((OLD.standing = 4) IS DISTINCT FROM (NEW.standing = 4)) EXECUTE FUNCTION note_billing_standing();

INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
SELECT tenant_id, 'source', connection_id, state_since, jsonb_build_object('frozen', true, 'why', state_reason)
FROM sources WHERE state = 2
UNION ALL
SELECT tenant_id, 'billing', 0, since, jsonb_build_object('stopped', true, 'why', why) FROM billing_standing WHERE standing = 4;

-- As the rules read it: what a source reports at a location does not keep it open.
CREATE FUNCTION is_location_open(tenant bigint, location bigint) RETURNS bool LANGUAGE sql STABLE AS $$
  SELECT coalesce(bool_or(c.active), true) FROM channel_locations c
  WHERE c.tenant_id = tenant AND c.location_id = location
    AND NOT EXISTS (SELECT FROM sources s WHERE s.tenant_id = c.tenant_id AND s.connection_id = c.connection_id)
$$;

CREATE OR REPLACE FUNCTION note_location_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'location', NEW.location_id, now(), jsonb_build_object(
    'fulfillsOnline', NEW.fulfills_online, 'poolGroup', NEW.pool_group, 'sourceBuffer', NEW.source_buffer,
    'open', is_location_open(NEW.tenant_id, NEW.location_id)));
  RETURN NULL;
END $$;

-- Only where it changes whether the location is open: most places are read again and again, and stay as they are.
CREATE FUNCTION note_channel_location() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  SELECT l.tenant_id, 'location', l.location_id, now(), jsonb_build_object(
    'fulfillsOnline', l.fulfills_online, 'poolGroup', l.pool_group, 'sourceBuffer', l.source_buffer, 'open', o.open)
  FROM locations l, is_location_open(l.tenant_id, l.location_id) AS o(open), LATERAL (
    SELECT coalesce((h.settings ->> 'open')::bool, true) AS was FROM setting_history h
    WHERE h.tenant_id = l.tenant_id AND h.subject = 'location' AND h.subject_id = l.location_id ORDER BY h.setting_id DESC LIMIT 1) w
  WHERE l.tenant_id = NEW.tenant_id AND l.location_id = NEW.location_id AND w.was <> o.open;
  RETURN NULL;
END $$;

CREATE TRIGGER note_settings AFTER INSERT ON channel_locations FOR EACH ROW
  WHEN (NEW.location_id IS NOT NULL) EXECUTE FUNCTION note_channel_location();
CREATE TRIGGER note_changed_settings AFTER UPDATE ON channel_locations FOR EACH ROW
  WHEN (NEW.location_id IS NOT NULL AND (OLD.active, OLD.location_id) IS DISTINCT FROM (NEW.active, NEW.location_id))
  EXECUTE FUNCTION note_channel_location();

INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
SELECT tenant_id, 'location', location_id, now(), jsonb_build_object(
  'fulfillsOnline', fulfills_online, 'poolGroup', pool_group, 'sourceBuffer', source_buffer, 'open', false)
FROM locations WHERE NOT is_location_open(tenant_id, location_id);
