-- What open orders had taken from a level, and what its belief had followed upwards, at each moment: without them what places owe together
-- (SyncFlow.Core.Stock.Debts) cannot be told of a moment. Null where there was none, and in rows from before.
ALTER TABLE level_history ADD COLUMN open_claims int;
ALTER TABLE level_history ADD COLUMN adopted int;
