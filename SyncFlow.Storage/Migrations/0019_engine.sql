-- Writes without compare-and-set, sellers that cannot be capped, preorders, and returns that are looked at first.

ALTER TABLE listing_levels
  -- SyncFlow.Core.Levels.WriteKind of the write on its way.
  ADD COLUMN in_flight_kind smallint NOT NULL DEFAULT 0 CHECK (in_flight_kind BETWEEN 0 AND 2),
  -- When the channel said yes to a write that waits for a reading that shows it.
  ADD COLUMN in_flight_acknowledged_at timestamptz;

-- Units put aside at a place where somebody sells without a cap.
ALTER TABLE positions ADD COLUMN set_aside int NOT NULL DEFAULT 0;

-- Whether units that a channel's refund puts back here are looked at before they are sold again.
ALTER TABLE locations ADD COLUMN inspect_returns bool NOT NULL DEFAULT false;

-- SyncFlow.Core.Preorders.Preorder: a SKU that is sold before it is there. incoming falls with what is received.
CREATE TABLE preorders (
  tenant_id   bigint      NOT NULL,
  sku_id      bigint      NOT NULL,
  location_id bigint      NOT NULL,
  cap         int         NOT NULL CHECK (cap > 0),
  incoming    int         NOT NULL CHECK (incoming >= 0),
  until       timestamptz NOT NULL,
  arrives_on  date,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, sku_id),
  FOREIGN KEY (tenant_id, sku_id) REFERENCES skus,
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations
);

CREATE INDEX preorders_until ON preorders (tenant_id, until);

ALTER TABLE preorders ENABLE ROW LEVEL SECURITY;
ALTER TABLE preorders FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON preorders TO syncflow_api, syncflow_worker
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY owner ON preorders TO syncflow_owner USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON preorders TO syncflow_api, syncflow_worker;
GRANT INSERT, DELETE ON preorders TO syncflow_api;

-- What a SKU could be sold against is part of its settings' history.
CREATE OR REPLACE FUNCTION note_sku_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'sku', NEW.sku_id, now(), jsonb_build_object(
    'mode', NEW.mode, 'safetyBuffer', NEW.safety_buffer, 'riskBudget', NEW.risk_budget, 'groupId', NEW.group_id,
    'modeSet', NEW.mode_set, 'preorder', (
      SELECT jsonb_build_object('locationId', p.location_id, 'cap', p.cap, 'incoming', p.incoming, 'until', p.until)
      FROM preorders p WHERE p.tenant_id = NEW.tenant_id AND p.sku_id = NEW.sku_id)));
  RETURN NULL;
END $$;

CREATE FUNCTION note_preorder() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed preorders%ROWTYPE := coalesce(NEW, OLD);
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  SELECT s.tenant_id, 'sku', s.sku_id, now(), jsonb_build_object(
    'mode', s.mode, 'safetyBuffer', s.safety_buffer, 'riskBudget', s.risk_budget, 'groupId', s.group_id,
    'modeSet', s.mode_set, 'preorder', CASE WHEN TG_OP <> 'DELETE' THEN jsonb_build_object(
      'locationId', changed.location_id, 'cap', changed.cap, 'incoming', changed.incoming, 'until', changed.until) END)
  FROM skus s WHERE s.tenant_id = changed.tenant_id AND s.sku_id = changed.sku_id;
  RETURN NULL;
END $$;

CREATE TRIGGER note_settings AFTER INSERT OR UPDATE OR DELETE ON preorders FOR EACH ROW EXECUTE FUNCTION note_preorder();
