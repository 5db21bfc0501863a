-- Deletions in a source's own database that would take away much wait for a person, as a file of the source does.

-- What was deleted and booked in the window that is open. known: positions with units when it began.
ALTER TABLE source_captures
  ADD COLUMN deletions_since timestamptz,
  ADD COLUMN deletions_known bigint NOT NULL DEFAULT 0,
  ADD COLUMN deletions       bigint NOT NULL DEFAULT 0;

-- SyncFlow.Storage.Sources.SourceFileKind.
ALTER TABLE source_files DROP CONSTRAINT source_files_kind_check,
  ADD CONSTRAINT source_files_kind_check CHECK (kind IN (1, 2, 122));

CREATE INDEX source_files_deletions ON source_files (tenant_id, connection_id) WHERE kind = 122;
