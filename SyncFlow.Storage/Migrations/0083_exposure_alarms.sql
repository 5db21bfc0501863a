-- Since when a SKU that is to be guarded is exposed, what made it so, and of how many units its open incident speaks
-- (SyncFlow.Core.Levels.ExposureWatch): a sweep tells a person of what stays.
ALTER TABLE sku_state
  ADD COLUMN exposed_since   timestamptz,
  ADD COLUMN exposed_cause   text NOT NULL DEFAULT '',
  ADD COLUMN exposed_alarmed int  NOT NULL DEFAULT 0 CHECK (exposed_alarmed >= 0);
