-- What settlements cost, booked to the cause of their case. Amounts of money and currencies alone: nothing about a customer.

ALTER TABLE settlement_rules
  ADD COLUMN resource_cost     numeric(16, 4) CHECK (resource_cost >= 0),
  ADD COLUMN resource_currency text,
  ADD COLUMN cancel_cost       numeric(16, 4) CHECK (cancel_cost >= 0),
  ADD COLUMN cancel_currency   text,
  ADD CONSTRAINT settlement_rules_costs CHECK (
    (resource_cost IS NULL) = (resource_currency IS NULL) AND (cancel_cost IS NULL) = (cancel_currency IS NULL));

-- What the units of an action were sold for; null where nobody knows. Proposals say it as {…, value, currency}.
ALTER TABLE oversell_actions ADD COLUMN value numeric(16, 4), ADD COLUMN currency text;

-- kind: SyncFlow.Core.Oversells.CostKind. cause: OversellCause, as the case had it when it was decided. A line of which nobody
-- knows what it was sold for has no amount.
CREATE TABLE oversell_costs (
  tenant_id     bigint         NOT NULL,
  cost_id       bigint         GENERATED ALWAYS AS IDENTITY,
  oversell_id   bigint         NOT NULL,
  cause         smallint       NOT NULL,
  kind          smallint       NOT NULL CHECK (kind BETWEEN 1 AND 4),
  connection_id bigint,
  order_ref     text,
  line_ref      text,
  units         int            NOT NULL CHECK (units >= 0),
  amount        numeric(16, 4) CHECK (amount >= 0),
  currency      text,
  booked_at     timestamptz    NOT NULL,
  booked_by     text           NOT NULL,
  PRIMARY KEY (tenant_id, cost_id),
  CONSTRAINT oversell_costs_money CHECK ((amount IS NULL) = (currency IS NULL))
);

CREATE INDEX oversell_costs_case ON oversell_costs (tenant_id, oversell_id);
CREATE INDEX oversell_costs_time ON oversell_costs (tenant_id, booked_at);

ALTER TABLE oversell_costs ENABLE ROW LEVEL SECURITY;
ALTER TABLE oversell_costs FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON oversell_costs TO syncflow_api, syncflow_worker
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY owner ON oversell_costs TO syncflow_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON oversell_costs TO syncflow_api, syncflow_worker;
