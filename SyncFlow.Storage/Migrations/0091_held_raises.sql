-- Corrections and counts of very many SKUs at once are booked, and raise no level until a person decided on them.

-- Which bulk change they belong to; null where the breaker let them pass, and for what happened.
ALTER TABLE stock_operations ADD COLUMN change_id bigint;
CREATE INDEX stock_operations_change ON stock_operations (tenant_id, change_id, operation_id) WHERE change_id IS NOT NULL;

-- What one caller said lately that may have raised levels: kinds 3 adjustment, 5 move, 6 count.
CREATE INDEX stock_operations_words ON stock_operations (tenant_id, actor, accepted_at)
  WHERE change_id IS NULL AND ((kind = 3 AND units > 0) OR (kind = 5 AND to_condition = 1) OR kind = 6);

-- What waits, by whom: more of it joins it.
CREATE INDEX bulk_changes_waiting ON bulk_changes (tenant_id, kind, who) WHERE state = 1;

ALTER TABLE skus ADD COLUMN raises_held bool NOT NULL DEFAULT false;

-- It belongs to a SKU's settings, so that a quota of the past is told by those of then.
CREATE OR REPLACE FUNCTION note_sku_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  VALUES (NEW.tenant_id, 'sku', NEW.sku_id, now(), jsonb_build_object(
    'mode', NEW.mode, 'safetyBuffer', NEW.safety_buffer, 'riskBudget', NEW.risk_budget, 'groupId', NEW.group_id,
    'modeSet', NEW.mode_set, 'raisesHeld', NEW.raises_held, 'preorder', (
      SELECT jsonb_build_object('locationId', p.location_id, 'cap', p.cap, 'incoming', p.incoming, 'until', p.until)
      FROM preorders p WHERE p.tenant_id = NEW.tenant_id AND p.sku_id = NEW.sku_id)));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_preorder() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed preorders%ROWTYPE := coalesce(NEW, OLD);
BEGIN
  INSERT INTO setting_history (tenant_id, subject, subject_id, at, settings)
  SELECT s.tenant_id, 'sku', s.sku_id, now(), jsonb_build_object(
    'mode', s.mode, 'safetyBuffer', s.safety_buffer, 'riskBudget', s.risk_budget, 'groupId', s.group_id,
    'modeSet', s.mode_set, 'raisesHeld', s.raises_held, 'preorder', CASE WHEN TG_OP <> 'DELETE' THEN jsonb_build_object(
      'locationId', changed.location_id, 'cap', changed.cap, 'incoming', changed.incoming, 'until', changed.until) END)
  FROM skus s WHERE s.tenant_id = changed.tenant_id AND s.sku_id = changed.sku_id;
  RETURN NULL;
END $$;

DROP TRIGGER note_changed_settings ON skus;
CREATE TRIGGER note_changed_settings AFTER UPDATE ON skus FOR EACH ROW
  WHEN ((OLD.mode, OLD.safety_buffer, OLD.risk_budget, OLD.group_id, OLD.mode_set, OLD.raises_held)
    IS DISTINCT FROM (NEW.mode, NEW.safety_buffer, NEW.risk_budget, NEW.group_id, NEW.mode_set, NEW.raises_held))
  EXECUTE FUNCTION note_sku_settings();

-- A location's settings, and who is the authority for on-hand, may reach a whole catalog: then the worker sets them.
GRANT UPDATE ON locations TO syncflow_worker;
GRANT INSERT, UPDATE, DELETE ON authority_rules TO syncflow_worker;
