-- What a row of a table costs to write again depends on whether an index names a column that changed: then all of the
-- table's indexes are told of a new row, else none is, if the row's page has room.

-- A sale, a plan, an answer and a proof each change what the look for work asks a level, and each of these looks had an
-- index of its own. One column says whether anything at all is to be done; only its own changes are told to the indexes.
-- It must hold whatever SyncFlow.Storage's LevelMarks and PushStore look for, or they do not find it.
ALTER TABLE listing_levels ADD COLUMN at_work bool NOT NULL GENERATED ALWAYS AS (
  wants_push OR in_flight_push IS NOT NULL OR unverified_units > 0 OR needs_reading OR suspense > 0 OR surplus > 0
  OR status = 1 OR draft_holds > 0) STORED;

DROP INDEX listing_levels_wanted;
DROP INDEX listing_levels_unproven;
DROP INDEX listing_levels_flying;
DROP INDEX listing_levels_held;
CREATE INDEX listing_levels_at_work ON listing_levels (tenant_id, connection_id) WHERE at_work;

-- A batch of a backlog writes every row of a page again: half of each page is left free for that.
ALTER TABLE sku_state SET (fillfactor = 45);
ALTER TABLE positions SET (fillfactor = 45);
ALTER TABLE listing_levels SET (fillfactor = 45);

-- Rows of the history are looked up by level and moment alone: one index is enough.
ALTER TABLE level_history DROP CONSTRAINT level_history_pkey;
ALTER TABLE level_history ADD PRIMARY KEY (tenant_id, level_id, at, history_id);
DROP INDEX level_history_moment;

-- Paces are read and written whole and never searched in: text that is checked to be JSON is enough.
ALTER TABLE sku_state ALTER COLUMN paces TYPE json USING paces::json;
ALTER TABLE pace_history ALTER COLUMN paces TYPE json USING paces::json;
