-- A connection's own webhook secret is rotated with an overlap: what signed before still counts until a moment.
ALTER TABLE connections ADD COLUMN webhook_secret_before bytea;
ALTER TABLE connections ADD COLUMN webhook_secret_before_until timestamptz;
ALTER TABLE connections ADD CONSTRAINT connections_webhook_overlap
  CHECK ((webhook_secret_before IS NULL) = (webhook_secret_before_until IS NULL));
GRANT SELECT (webhook_secret_before, webhook_secret_before_until) ON connections TO syncflow_ingest;
