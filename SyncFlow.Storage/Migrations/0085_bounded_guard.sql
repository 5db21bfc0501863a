-- Sales that bounded guard keeps off a level (SyncFlow.Core.Allocation.LagReserves), and what was kept after each batch that changed
-- the level: with the rest of the row it explains the quota at any moment. Null in rows from before. The setting itself stands in
-- connections.settings, whose changes setting_history keeps.
ALTER TABLE listing_levels ADD COLUMN lag_reserve int NOT NULL DEFAULT 0 CHECK (lag_reserve >= 0);
ALTER TABLE level_history  ADD COLUMN lag_reserve int;
