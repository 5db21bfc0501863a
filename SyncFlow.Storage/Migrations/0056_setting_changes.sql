-- Which transactions changed settings that available-to-sell is made of. Whoever keeps figures beside the database notes
-- in which snapshot they were computed: a change that the snapshot did not see and that is seen now makes them worthless.
-- What changes under a SKU's lock needs no row here, for it makes the version of sku_state another.
CREATE TABLE stock_setting_changes (
  tenant_id bigint      NOT NULL,
  xid       xid8        NOT NULL,
  sku_id    bigint      NOT NULL, -- 0: every SKU of the tenant
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, xid, sku_id)
);

ALTER TABLE stock_setting_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE stock_setting_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON stock_setting_changes TO syncflow_api, syncflow_worker
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY owner ON stock_setting_changes TO syncflow_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON stock_setting_changes TO syncflow_api, syncflow_worker;

-- A row is of the transaction alone, so nobody ever waits for another's. Of a tenant that is being erased nothing is noted.
CREATE FUNCTION note_stock_setting(tenant bigint, sku bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO stock_setting_changes (tenant_id, xid, sku_id)
  SELECT tenant, pg_current_xact_id(), sku WHERE NOT EXISTS (SELECT FROM deleted_tenants d WHERE d.tenant_id = tenant)
  ON CONFLICT DO NOTHING
$$;
REVOKE EXECUTE ON FUNCTION note_stock_setting(bigint, bigint) FROM PUBLIC;

CREATE FUNCTION note_tenant_stock_setting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM note_stock_setting((coalesce(NEW, OLD)).tenant_id, 0);
  RETURN NULL;
END $$;

CREATE FUNCTION note_sku_stock_setting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM note_stock_setting((coalesce(NEW, OLD)).tenant_id, (coalesce(NEW, OLD)).sku_id);
  RETURN NULL;
END $$;

-- Both sides of a kit: what was computed of either did not know of the other.
CREATE FUNCTION note_kit_stock_setting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  part sku_components%ROWTYPE := coalesce(NEW, OLD);
BEGIN
  PERFORM note_stock_setting(part.tenant_id, part.kit_sku_id), note_stock_setting(part.tenant_id, part.component_sku_id);
  RETURN NULL;
END $$;

-- Buffers are evaluated for many SKUs at once: above 100 the tenant is named, and none of them.
CREATE FUNCTION note_buffers_stock_setting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM note_stock_setting(k.tenant_id, k.sku_id) FROM (
    SELECT DISTINCT c.tenant_id, CASE WHEN n.skus > 100 THEN 0 ELSE c.sku_id END AS sku_id
    FROM changed c, (SELECT count(DISTINCT sku_id) AS skus FROM changed) n) k;
  RETURN NULL;
END $$;

CREATE TRIGGER note_stock_setting AFTER UPDATE ON locations FOR EACH ROW
  WHEN ((OLD.fulfills_online, OLD.pool_group, OLD.source_buffer) IS DISTINCT FROM (NEW.fulfills_online, NEW.pool_group, NEW.source_buffer))
  EXECUTE FUNCTION note_tenant_stock_setting();
CREATE TRIGGER note_stock_setting AFTER UPDATE ON channel_locations FOR EACH ROW
  WHEN ((OLD.location_id, OLD.active) IS DISTINCT FROM (NEW.location_id, NEW.active))
  EXECUTE FUNCTION note_tenant_stock_setting();
CREATE TRIGGER note_new_stock_setting AFTER INSERT ON channel_locations FOR EACH ROW WHEN (NEW.location_id IS NOT NULL)
  EXECUTE FUNCTION note_tenant_stock_setting();
CREATE TRIGGER note_gone_stock_setting AFTER DELETE ON channel_locations FOR EACH ROW WHEN (OLD.location_id IS NOT NULL)
  EXECUTE FUNCTION note_tenant_stock_setting();
CREATE TRIGGER note_stock_setting AFTER UPDATE ON connections FOR EACH ROW
  WHEN ((OLD.status, OLD.settings) IS DISTINCT FROM (NEW.status, NEW.settings))
  EXECUTE FUNCTION note_tenant_stock_setting();
CREATE TRIGGER note_stock_setting AFTER UPDATE ON skus FOR EACH ROW
  WHEN (OLD.safety_buffer IS DISTINCT FROM NEW.safety_buffer) EXECUTE FUNCTION note_sku_stock_setting();
CREATE TRIGGER note_stock_setting AFTER INSERT OR UPDATE OR DELETE ON preorders FOR EACH ROW
  EXECUTE FUNCTION note_sku_stock_setting();
CREATE TRIGGER note_stock_setting AFTER INSERT OR UPDATE OR DELETE ON sku_components FOR EACH ROW
  EXECUTE FUNCTION note_kit_stock_setting();
CREATE TRIGGER note_stock_setting AFTER UPDATE ON listings FOR EACH ROW
  WHEN ((OLD.sku_id, OLD.units_per_sale) IS DISTINCT FROM (NEW.sku_id, NEW.units_per_sale)) EXECUTE FUNCTION note_sku_stock_setting();
CREATE TRIGGER note_stock_setting AFTER INSERT OR UPDATE OR DELETE ON listing_variants FOR EACH ROW
  EXECUTE FUNCTION note_tenant_stock_setting();
CREATE TRIGGER note_stock_setting AFTER UPDATE ON channel_items FOR EACH ROW
  WHEN (OLD.is_bundle IS DISTINCT FROM NEW.is_bundle) EXECUTE FUNCTION note_tenant_stock_setting();

CREATE TRIGGER note_stock_setting AFTER INSERT ON tier_buffers REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
  EXECUTE FUNCTION note_buffers_stock_setting();
CREATE TRIGGER note_changed_stock_setting AFTER UPDATE ON tier_buffers REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
  EXECUTE FUNCTION note_buffers_stock_setting();
CREATE TRIGGER note_gone_stock_setting AFTER DELETE ON tier_buffers REFERENCING OLD TABLE AS changed FOR EACH STATEMENT
  EXECUTE FUNCTION note_buffers_stock_setting();

-- Nothing is kept beside the database for as long as a day.
CREATE FUNCTION forget_setting_changes() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH gone AS (DELETE FROM stock_setting_changes WHERE at < now() - interval '2 days' RETURNING 1) SELECT count(*) FROM gone
$$;

REVOKE EXECUTE ON FUNCTION forget_setting_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_setting_changes() TO syncflow_worker;
