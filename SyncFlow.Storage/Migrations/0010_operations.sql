-- What people and systems do to stock: operations, counts, count sheets and transfers.

-- kind: SyncFlow.Core.Operations.OperationKind; from_condition, to_condition: StockCondition. One row per line as it was
-- accepted; movement_keys says whether the ledger has it. For a count, units are the counted ones.
CREATE TABLE stock_operations (
  tenant_id         bigint      NOT NULL,
  operation_id      bigint      GENERATED ALWAYS AS IDENTITY,
  operation_key     text        NOT NULL,
  kind              smallint    NOT NULL CHECK (kind BETWEEN 1 AND 10),
  document          text,
  sku_id            bigint      NOT NULL,
  location_id       bigint      NOT NULL,
  other_location_id bigint,
  units             int         NOT NULL,
  from_condition    smallint    CHECK (from_condition BETWEEN 1 AND 3),
  to_condition      smallint    CHECK (to_condition BETWEEN 1 AND 3),
  reason_code       text,
  note              text,
  actor             text        NOT NULL,
  occurred_at       timestamptz NOT NULL,
  accepted_at       timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, operation_id),
  CONSTRAINT stock_operations_key UNIQUE (tenant_id, operation_key),
  FOREIGN KEY (tenant_id, sku_id) REFERENCES skus,
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations,
  FOREIGN KEY (tenant_id, other_location_id) REFERENCES locations
);

CREATE INDEX stock_operations_document ON stock_operations (tenant_id, document, operation_id) WHERE document IS NOT NULL;
CREATE INDEX stock_operations_sku ON stock_operations (tenant_id, sku_id, operation_id);

-- SyncFlow.Core.Counts.StockCount: written under the SKU's lock. variance is the sum of the count's ledger entries.
CREATE TABLE stock_counts (
  tenant_id   bigint      NOT NULL,
  count_key   text        NOT NULL,
  sku_id      bigint      NOT NULL,
  location_id bigint      NOT NULL,
  as_of       timestamptz NOT NULL,
  counted     int         NOT NULL CHECK (counted >= 0),
  variance    int         NOT NULL,
  withdrawn   bool        NOT NULL DEFAULT false,
  recorded_at timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, count_key),
  CONSTRAINT stock_counts_withdrawn CHECK (NOT withdrawn OR variance = 0)
);

CREATE INDEX stock_counts_pool ON stock_counts (tenant_id, sku_id, as_of) WHERE NOT withdrawn;

-- state: 1 open, 2 in review, 3 done, 4 cancelled.
CREATE TABLE count_sheets (
  tenant_id      bigint      NOT NULL,
  sheet_id       bigint      GENERATED ALWAYS AS IDENTITY,
  name           text        NOT NULL,
  location_id    bigint      NOT NULL,
  state          smallint    NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 4),
  review_percent int         NOT NULL CHECK (review_percent BETWEEN 0 AND 100),
  actor          text        NOT NULL,
  created_at     timestamptz NOT NULL,
  submitted_at   timestamptz,
  finished_at    timestamptz,
  PRIMARY KEY (tenant_id, sheet_id),
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations
);

-- state: 1 open, 2 in review, 3 booked, 4 rejected. expected and variance: as they were when the sheet was submitted.
CREATE TABLE count_sheet_lines (
  tenant_id   bigint      NOT NULL,
  sheet_id    bigint      NOT NULL,
  sku_id      bigint      NOT NULL,
  state       smallint    NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 4),
  counted     int         CHECK (counted >= 0),
  as_of       timestamptz,
  expected    int,
  reviewed_by text,
  reviewed_at timestamptz,
  PRIMARY KEY (tenant_id, sheet_id, sku_id),
  CONSTRAINT count_sheet_lines_counted CHECK ((counted IS NULL) = (as_of IS NULL)),
  FOREIGN KEY (tenant_id, sheet_id) REFERENCES count_sheets,
  FOREIGN KEY (tenant_id, sku_id) REFERENCES skus
);

-- state: 1 planned, 2 dispatched, 3 received in part, 4 closed, 5 cancelled.
CREATE TABLE transfers (
  tenant_id        bigint      NOT NULL,
  transfer_id      bigint      GENERATED ALWAYS AS IDENTITY,
  reference        text        NOT NULL,
  from_location_id bigint      NOT NULL,
  to_location_id   bigint      NOT NULL,
  state            smallint    NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 5),
  note             text,
  actor            text        NOT NULL,
  created_at       timestamptz NOT NULL,
  dispatched_at    timestamptz,
  closed_at        timestamptz,
  PRIMARY KEY (tenant_id, transfer_id),
  CONSTRAINT transfers_reference UNIQUE (tenant_id, reference),
  CONSTRAINT transfers_ends CHECK (from_location_id <> to_location_id),
  FOREIGN KEY (tenant_id, from_location_id) REFERENCES locations,
  FOREIGN KEY (tenant_id, to_location_id) REFERENCES locations
);

-- received counts what arrived, more than was dispatched included; lost what was given up at the close.
CREATE TABLE transfer_lines (
  tenant_id   bigint NOT NULL,
  transfer_id bigint NOT NULL,
  sku_id      bigint NOT NULL,
  planned     int    NOT NULL CHECK (planned >= 0),
  dispatched  int    NOT NULL DEFAULT 0 CHECK (dispatched >= 0),
  received    int    NOT NULL DEFAULT 0 CHECK (received >= 0),
  lost        int    NOT NULL DEFAULT 0 CHECK (lost >= 0),
  PRIMARY KEY (tenant_id, transfer_id, sku_id),
  FOREIGN KEY (tenant_id, transfer_id) REFERENCES transfers,
  FOREIGN KEY (tenant_id, sku_id) REFERENCES skus
);

-- Shown to shoppers as a place where an order may be picked up, whether or not it ships online orders.
ALTER TABLE locations ADD COLUMN offers_pickup bool NOT NULL DEFAULT false;

-- Entries of operations by their fact, and units that are not sold by pool: orders, which are nearly all of the ledger,
-- cost neither index anything.
CREATE INDEX ledger_entries_operation ON ledger_entries (tenant_id, fact_key)
  WHERE reason IN (4, 5, 9, 10, 20, 21, 22, 23, 24, 25) AND connection_id IS NULL;
CREATE INDEX ledger_entries_unavailable ON ledger_entries (tenant_id, sku_id, location_id) WHERE bucket = 9;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON stock_operations FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON stock_operations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['stock_operations', 'stock_counts', 'count_sheets', 'count_sheet_lines', 'transfers', 'transfer_lines'] LOOP
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

GRANT INSERT ON stock_operations TO syncflow_api;
GRANT INSERT, UPDATE ON stock_counts TO syncflow_worker;
GRANT INSERT, UPDATE ON count_sheets, transfers TO syncflow_api;
GRANT INSERT, UPDATE, DELETE ON count_sheet_lines, transfer_lines TO syncflow_api;
