-- A level on which units of another one are sought (rule R13) is to be read though nothing of its own is in doubt: it has an entry
-- without units in what is unverified. The look for work (SyncFlow.Storage.Channels.LevelMarks) asks for it, so at_work says it too.
ALTER TABLE listing_levels DROP COLUMN at_work;
ALTER TABLE listing_levels ADD COLUMN at_work bool NOT NULL GENERATED ALWAYS AS (
  wants_push OR in_flight_push IS NOT NULL OR unverified IS NOT NULL OR needs_reading OR suspense > 0 OR surplus > 0
  OR status = 1 OR draft_holds > 0) STORED;
CREATE INDEX listing_levels_at_work ON listing_levels (tenant_id, connection_id) WHERE at_work;
