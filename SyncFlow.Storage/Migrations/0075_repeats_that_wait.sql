-- Whether events of this source may wait in the inbox together with others (SyncFlow.Storage.Sources.SourceGroups), where
-- their ids are found in bodies only. Set when some are stored, taken back when an intake finds none.
ALTER TABLE sources ADD COLUMN groups_wait boolean NOT NULL DEFAULT false;
