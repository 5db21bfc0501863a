-- Every load of SKUs asks of each listing whether its channel makes the item of other items. Almost none is: the few that
-- are have an index of their own, so that the question costs a look into next to nothing and no row.
CREATE INDEX channel_items_bundles ON channel_items (tenant_id, connection_id, variant_ref) WHERE is_bundle;
