-- A level is written with every batch of facts that touches its SKU, and its priority is another each time. In an index
-- that priority made every such write tell all indexes of a new row; out of it, and with half of each page left free for
-- the new row, none of them is told. The levels that wait for a push are few, or their order is worth a sort.
ALTER TABLE listing_levels SET (fillfactor = 50);

DROP INDEX listing_levels_wanted;
CREATE INDEX listing_levels_wanted ON listing_levels (tenant_id, connection_id) WHERE wants_push;
