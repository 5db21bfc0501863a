-- Billing: what was subscribed to, what was used, and what follows from both.

-- status: SyncFlow.Core.Billing.SubscriptionStatus.
CREATE TABLE subscriptions (
  tenant_id      bigint      NOT NULL REFERENCES tenants,
  external_id    text        NOT NULL,
  connection_id  bigint      NOT NULL,
  plan           text        NOT NULL,
  status         smallint    NOT NULL CHECK (status BETWEEN 1 AND 6),
  status_since   timestamptz NOT NULL,
  trial_ends_at  timestamptz,
  period_ends_at timestamptz,
  test           bool        NOT NULL DEFAULT false,
  usage_line     text,
  cap            numeric,
  seen_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, external_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections
);

-- The ledger of use: one row for each push that a channel acknowledged, with the number of levels. It only grows.
CREATE TABLE usage_entries (
  tenant_id bigint      NOT NULL REFERENCES tenants,
  entry_key text        NOT NULL,
  month     date        NOT NULL,
  units     int         NOT NULL CHECK (units > 0),
  at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, entry_key)
);

CREATE INDEX usage_entries_month ON usage_entries (tenant_id, month);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON usage_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON usage_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Sums of the ledger by month, written with it. full_since: when the allowed number was first reached. warned: the
-- greatest percentage the merchant was told of.
CREATE TABLE usage_months (
  tenant_id  bigint   NOT NULL REFERENCES tenants,
  month      date     NOT NULL,
  used       bigint   NOT NULL DEFAULT 0 CHECK (used >= 0),
  full_since timestamptz,
  warned     int      NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, month)
);

-- What is charged beyond the price, block by block. Planned before the call, under a key that the provider takes once.
-- state: 0 planned, 1 charged, 2 refused.
CREATE TABLE usage_charges (
  tenant_id   bigint      NOT NULL REFERENCES tenants,
  month       date        NOT NULL,
  block       bigint      NOT NULL CHECK (block > 0),
  usage_line  text        NOT NULL,
  units       int         NOT NULL CHECK (units > 0),
  price       numeric     NOT NULL CHECK (price > 0),
  idem_key    text        NOT NULL,
  state       smallint    NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
  external_id text,
  error       text,
  planned_at  timestamptz NOT NULL,
  settled_at  timestamptz,
  PRIMARY KEY (tenant_id, month, block),
  CONSTRAINT usage_charges_key UNIQUE (tenant_id, idem_key)
);

-- What billing allows a tenant now; no row where nothing is billed. standing: SyncFlow.Core.Billing.BillingStanding.
CREATE TABLE billing_standing (
  tenant_id  bigint      NOT NULL REFERENCES tenants PRIMARY KEY,
  standing   smallint    NOT NULL CHECK (standing BETWEEN 1 AND 4),
  plan       text        NOT NULL,
  max_stores int         NOT NULL,
  included   bigint      NOT NULL,
  allowed    bigint      NOT NULL,
  until      timestamptz,
  why        text,
  since      timestamptz NOT NULL,
  checked_at timestamptz NOT NULL
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['subscriptions', 'usage_entries', 'usage_months', 'usage_charges', 'billing_standing'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format($policy$
      CREATE POLICY own_tenant ON %I TO syncflow_api, syncflow_worker
      USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
      WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint)$policy$, name);
    EXECUTE format('CREATE POLICY owner ON %I TO syncflow_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO syncflow_api, syncflow_worker', name);
  END LOOP;
END $$;

GRANT INSERT, UPDATE ON subscriptions, usage_months, usage_charges, billing_standing TO syncflow_worker;
GRANT INSERT ON usage_entries TO syncflow_worker;
