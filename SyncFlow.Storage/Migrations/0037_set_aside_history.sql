-- Units set aside from sellers without a cap are told beside whether a pool is opened: entries alone do not say them, and
-- explanations of the past and the replay of positions need them as they were. The newest row is in force.
ALTER TABLE pool_openings ADD COLUMN set_aside int NOT NULL DEFAULT 0;

INSERT INTO pool_openings (tenant_id, sku_id, location_id, opened, set_aside, at)
SELECT tenant_id, sku_id, location_id, opened, set_aside, now() FROM positions WHERE set_aside <> 0;
