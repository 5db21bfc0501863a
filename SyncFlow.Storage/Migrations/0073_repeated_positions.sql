-- The fact whose position was last applied: the same one, told again, is no news, whatever the ledger booked since.
ALTER TABLE source_positions ADD COLUMN fact_key text;
