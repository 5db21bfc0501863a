-- The look for levels that want a reading is made for every connection all the time. Its index must hold whatever the look
-- asks for (SyncFlow.Storage.Channels.LevelMarks), or the look reads all levels of the connection: 27 ms of 10,000.
DROP INDEX listing_levels_unproven;
CREATE INDEX listing_levels_unproven ON listing_levels (tenant_id, connection_id)
  WHERE unverified_units > 0 OR needs_reading OR suspense > 0 OR surplus > 0 OR in_flight_push IS NOT NULL OR status = 1
    OR draft_holds > 0;
CREATE INDEX listing_levels_attributing ON listing_levels (tenant_id, connection_id) WHERE awaits_attribution;
