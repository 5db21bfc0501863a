-- How far sources may be trusted, and what is withheld from sale at the locations they feed.

-- health: SyncFlow.Core.Sources.SourceHealth. error_rate: the part of lately told events that was refused.
ALTER TABLE sources
  ADD COLUMN health        smallint NOT NULL DEFAULT 1 CHECK (health BETWEEN 1 AND 3),
  ADD COLUMN health_reason text,
  ADD COLUMN buffer_percent int     NOT NULL DEFAULT 0 CHECK (buffer_percent BETWEEN 0 AND 100),
  ADD COLUMN error_rate    float8   NOT NULL DEFAULT 0;

-- Part of on-hand withheld there, in percent: the most that a source which feeds it asks for. It shapes what is sold, so
-- it stands in the history of settings.
ALTER TABLE locations ADD COLUMN source_buffer int NOT NULL DEFAULT 0 CHECK (source_buffer BETWEEN 0 AND 100);

CREATE OR REPLACE FUNCTION note_location_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'location', NEW.location_id, now(), jsonb_build_object(
    'fulfillsOnline', NEW.fulfills_online, 'poolGroup', NEW.pool_group, 'sourceBuffer', NEW.source_buffer));
  RETURN NULL;
END $$;

DROP TRIGGER note_changed_settings ON locations;
CREATE TRIGGER note_changed_settings AFTER UPDATE ON locations FOR EACH ROW
  WHEN ((OLD.fulfills_online, OLD.pool_group, OLD.source_buffer) IS DISTINCT FROM (NEW.fulfills_online, NEW.pool_group, NEW.source_buffer))
  EXECUTE FUNCTION note_location_settings();
