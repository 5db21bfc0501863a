-- Pages of a source's own form: SyncFlow.Core.Sources.PageShapes; null where it speaks the Source API.
ALTER TABLE source_pulls ADD COLUMN page_shapes jsonb;
