-- Systems that report stock: how each is read, what it may write, what it last said, and what waits to be mapped.

-- A source is a connection of its own. strategy: SyncFlow.Core.Sources.SourceStrategy; ordering: SourceOrdering;
-- state: SourceState. buckets: what it may write (SyncFlow.Core.Ledger.Bucket). beginning rises when a person resumes it
-- after its order went backwards. last_sequence, last_at: the highest number and the newest moment it told, by its own
-- counting and clock; missing_sequences: numbers that never came, where it counts without gaps.
CREATE TABLE sources (
  tenant_id         bigint      NOT NULL,
  connection_id     bigint      NOT NULL,
  strategy          smallint    NOT NULL CHECK (strategy BETWEEN 1 AND 4),
  ordering          smallint    NOT NULL CHECK (ordering BETWEEN 1 AND 2),
  state             smallint    NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 2),
  state_reason      text,
  state_since       timestamptz NOT NULL,
  cadence_seconds   int         NOT NULL CHECK (cadence_seconds > 0),
  buckets           smallint[]  NOT NULL,
  reference_system  bigint,
  gapless           bool        NOT NULL DEFAULT false,
  beginning         int         NOT NULL DEFAULT 0 CHECK (beginning BETWEEN 0 AND 90),
  last_sequence     bigint,
  last_at           timestamptz,
  received_at       timestamptz,
  accepted_events   bigint      NOT NULL DEFAULT 0,
  repeated_events   bigint      NOT NULL DEFAULT 0,
  held_events       bigint      NOT NULL DEFAULT 0,
  refused_events    bigint      NOT NULL DEFAULT 0,
  missing_sequences bigint      NOT NULL DEFAULT 0,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections,
  FOREIGN KEY (tenant_id, reference_system) REFERENCES connections (tenant_id, connection_id)
);

-- A source's own item codes, where they are not the merchant's SKUs. item_key is the code as it is compared.
CREATE TABLE source_items (
  tenant_id     bigint      NOT NULL,
  connection_id bigint      NOT NULL,
  item_key      text        NOT NULL CHECK (item_key <> ''),
  item_code     text        NOT NULL,
  sku_id        bigint      NOT NULL,
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, item_key),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources,
  FOREIGN KEY (tenant_id, sku_id) REFERENCES skus
);

-- Events kept because nobody knows yet what they speak of, or because their source is frozen. reason: HeldReason.
CREATE TABLE held_events (
  tenant_id     bigint      NOT NULL,
  held_id       bigint      GENERATED ALWAYS AS IDENTITY,
  connection_id bigint      NOT NULL,
  event_id      text        NOT NULL,
  reason        smallint    NOT NULL CHECK (reason BETWEEN 1 AND 3),
  item_key      text        NOT NULL,
  place         text        NOT NULL,
  body          bytea       COMPRESSION lz4 NOT NULL,
  received_at   timestamptz NOT NULL,
  released_at   timestamptz,
  PRIMARY KEY (tenant_id, held_id),
  CONSTRAINT held_events_once UNIQUE (tenant_id, connection_id, event_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

CREATE INDEX held_events_waiting ON held_events (tenant_id, connection_id, held_id) WHERE released_at IS NULL;

-- SyncFlow.Core.Sources.ReportedPosition: written under the SKU's lock. marks: [[system, through], …].
CREATE TABLE source_positions (
  tenant_id     bigint      NOT NULL,
  sku_id        bigint      NOT NULL,
  connection_id bigint      NOT NULL,
  place         text        NOT NULL,
  location_id   bigint      NOT NULL,
  known         bool        NOT NULL,
  on_hand       int         NOT NULL,
  unavailable   int         NOT NULL,
  version       bigint      NOT NULL,
  moved_version bigint      NOT NULL,
  marks         jsonb,
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, sku_id, connection_id, place)
) WITH (fillfactor = 70);

CREATE INDEX source_positions_source ON source_positions (tenant_id, connection_id, place, sku_id);

-- SyncFlow.Core.Sources.Claim: written under the SKU's lock.
CREATE TABLE source_claims (
  tenant_id        bigint      NOT NULL,
  system_id        bigint      NOT NULL,
  transaction_id   text        NOT NULL,
  sku_id           bigint      NOT NULL,
  location_id      bigint      NOT NULL,
  open_units       int         NOT NULL,
  left_units       int         NOT NULL,
  picking_units    int         NOT NULL,
  shipped_units    int         NOT NULL,
  posted_units     int         NOT NULL,
  left_version     bigint      NOT NULL,
  pick_version     bigint      NOT NULL,
  at_till          bool        NOT NULL,
  booked_committed int         NOT NULL,
  booked_allocated int         NOT NULL,
  booked_unposted  int         NOT NULL,
  booked_deducted  int         NOT NULL,
  updated_at       timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, system_id, transaction_id, sku_id, location_id)
) WITH (fillfactor = 80);

CREATE INDEX source_claims_unposted ON source_claims (tenant_id, sku_id, location_id) WHERE booked_unposted > 0;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['sources', 'source_items', 'held_events', 'source_positions', 'source_claims'] LOOP
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

GRANT INSERT, UPDATE ON sources, held_events TO syncflow_api, syncflow_worker;
GRANT INSERT, UPDATE, DELETE ON source_items TO syncflow_api;
GRANT INSERT, UPDATE ON source_positions, source_claims TO syncflow_worker;

-- Tenants with events that wait to be mapped.
CREATE FUNCTION tenants_with_held_events() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT h.tenant_id FROM held_events h WHERE h.released_at IS NULL
$$;

REVOKE EXECUTE ON FUNCTION tenants_with_held_events() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_with_held_events() TO syncflow_worker;
