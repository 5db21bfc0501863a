-- Work that a channel refused and has not answered since: looked up by what was asked for.
CREATE INDEX work_items_dead ON work_items (tenant_id, connection_id, kind, ref) WHERE state = 2;
