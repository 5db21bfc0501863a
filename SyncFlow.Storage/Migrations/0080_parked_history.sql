-- What lay parked on a level, and what its channel's on-hand did not show of what lay there (SyncFlow.Core.Parking.ParkedShelf),
-- after each batch that changed it: with the rest of the row it explains on-hand at any moment. Null where nothing was parked, and
-- in rows from before.
ALTER TABLE level_history
  ADD COLUMN parked int,
  ADD COLUMN owed   int;
