-- Units that appeared on a level which orders had taken below zero where nobody counted in: the counted places still owe what was taken
-- (SyncFlow.Core.Stock.Debts). In the history null where there were none, and in rows from before: nobody knows what filled those.
ALTER TABLE listing_levels ADD COLUMN filled int NOT NULL DEFAULT 0 CHECK (filled >= 0);
ALTER TABLE level_history  ADD COLUMN filled int;
