-- The merchant's freezes stand in the history of settings, so that a quota of the past is told by those of then.

ALTER TABLE setting_history DROP CONSTRAINT setting_history_subject_check,
  ADD CONSTRAINT setting_history_subject_check CHECK (subject IN ('sku', 'location', 'connection', 'buffer', 'brake'));

-- By connection; 0 stands for all of the tenant.
CREATE FUNCTION note_brake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'brake', NEW.connection_id, now(), jsonb_build_object('strength', NEW.strength));
  RETURN NULL;
END $$;

CREATE TRIGGER note_settings AFTER INSERT ON brakes FOR EACH ROW EXECUTE FUNCTION note_brake();
CREATE TRIGGER note_changed_settings AFTER UPDATE ON brakes FOR EACH ROW
  WHEN (OLD.strength IS DISTINCT FROM NEW.strength) EXECUTE FUNCTION note_brake();

INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
SELECT tenant_id, 'brake', connection_id, since, jsonb_build_object('strength', strength) FROM brakes;
