-- A level whose writes were stopped and that a person gave free again is read exactly before it is written
-- (SyncFlow.Core.Levels.LevelStatus.Released).
ALTER TABLE listing_levels
  DROP CONSTRAINT listing_levels_status_check,
  ADD CONSTRAINT listing_levels_status_check CHECK (status BETWEEN 1 AND 6 OR status BETWEEN 60 AND 63 OR status = 109);
