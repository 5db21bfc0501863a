-- Movements after a source's position was last applied ([[version, units], …], SyncFlow.Core.Sources.PositionMove): a position
-- that comes later and is older than they are is set right by them. moved_version: the highest of those no longer kept.
ALTER TABLE source_positions ADD COLUMN moves jsonb;
