-- Work that was answered or refused: whether an order has been asked for lately is looked up by what was asked for.
CREATE INDEX work_items_finished ON work_items (tenant_id, connection_id, kind, ref) WHERE state IN (1, 2);
