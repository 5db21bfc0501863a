-- Sources that SyncFlow asks: where and how, how far it has got in their own values, and rows that could not be read.

-- The secret stands sealed in connections.credential. scheme: SyncFlow.Core.Sources.SourceApiScheme; account: the user or
-- the header that goes with it. overlap: how far before the watermark a round begins, in numbers or seconds of the source's
-- own. watermark: everything up to here is in the inbox, in numbers or microseconds of the source's own; back_to: where it
-- stood when it was frozen because it went back. since, cursor, round_watermark: the round under way, null between rounds.
-- tasks_as_of, tasks_sequence: when open pick tasks were last listed, in the source's own values.
CREATE TABLE source_pulls (
  tenant_id       bigint      NOT NULL,
  connection_id   bigint      NOT NULL,
  base_url        text        NOT NULL,
  scheme          smallint    NOT NULL CHECK (scheme BETWEEN 1 AND 3),
  account         text,
  movements       bool        NOT NULL,
  positions       bool        NOT NULL,
  pick_tasks      bool        NOT NULL,
  page_size       int         NOT NULL CHECK (page_size BETWEEN 1 AND 1000),
  overlap         int         NOT NULL CHECK (overlap >= 0),
  refresh_seconds int         NOT NULL CHECK (refresh_seconds > 0),
  watermark       bigint,
  back_to         bigint,
  since           bigint,
  cursor          text,
  round_watermark bigint,
  tasks_as_of     timestamptz,
  tasks_sequence  bigint,
  due_at          timestamptz NOT NULL,
  refresh_due_at  timestamptz NOT NULL,
  polled_at       timestamptz,
  refreshed_at    timestamptz,
  failures        int         NOT NULL DEFAULT 0,
  fault_code      text,
  fault           text,
  fault_at        timestamptz,
  rounds          bigint      NOT NULL DEFAULT 0,
  pages           bigint      NOT NULL DEFAULT 0,
  pulled_rows     bigint      NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

CREATE INDEX source_pulls_due ON source_pulls (least(due_at, refresh_due_at));

-- Rows that could not be read or were refused, as they came: nothing that a source says is thrown away unseen. A row that
-- comes again is counted. errors: messages by field.
CREATE TABLE source_broken_rows (
  tenant_id     bigint      NOT NULL,
  broken_id     bigint      GENERATED ALWAYS AS IDENTITY,
  connection_id bigint      NOT NULL,
  feed          text        NOT NULL,
  row_hash      bytea       NOT NULL,
  event_id      text,
  errors        jsonb       NOT NULL,
  body          text        NOT NULL,
  first_at      timestamptz NOT NULL,
  seen_at       timestamptz NOT NULL,
  times         int         NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, broken_id),
  CONSTRAINT source_broken_rows_once UNIQUE (tenant_id, connection_id, feed, row_hash),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

-- What a warehouse's open pick tasks were when they were last asked: one that is no longer listed is open no longer.
CREATE TABLE source_pick_tasks (
  tenant_id      bigint NOT NULL,
  connection_id  bigint NOT NULL,
  system_id      bigint NOT NULL,
  transaction_id text   NOT NULL,
  item           text   NOT NULL,
  place          text   NOT NULL,
  open_units     int    NOT NULL,
  shipped_units  int    NOT NULL,
  revision       int    NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, system_id, transaction_id, item, place),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES sources
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['source_pulls', 'source_broken_rows', 'source_pick_tasks'] LOOP
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

GRANT INSERT, UPDATE, DELETE ON source_pulls TO syncflow_api;
GRANT UPDATE ON source_pulls TO syncflow_worker;
GRANT INSERT, UPDATE, DELETE ON source_broken_rows, source_pick_tasks TO syncflow_worker;

-- A refresh by API is kept as a file's is.
GRANT INSERT ON source_files, source_file_rows TO syncflow_worker;

-- Sources that are to be asked by now, those that wait longest first. A frozen one is not asked.
CREATE FUNCTION due_source_pulls(by_then timestamptz, most int) RETURNS TABLE (tenant_id bigint, connection_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.tenant_id, p.connection_id FROM source_pulls p JOIN sources s USING (tenant_id, connection_id)
  WHERE least(p.due_at, p.refresh_due_at) <= by_then AND s.state = 1
  ORDER BY least(p.due_at, p.refresh_due_at) LIMIT most
$$;

REVOKE EXECUTE ON FUNCTION due_source_pulls(timestamptz, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION due_source_pulls(timestamptz, int) TO syncflow_worker;
