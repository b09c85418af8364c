-- Who changed what. Entries are only ever added; each carries the hash of itself and of the entry before it, so that a change, a
-- removal or an insertion in the middle shows. `hash` covers the other columns as `providers/store/audit/audit-hash.ts` says.
CREATE TABLE audit_log (
  seq bigint PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  workspace_id text NOT NULL,
  key_id text,
  request_id text NOT NULL,
  operation text NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  status integer NOT NULL,
  resource text,
  address text,
  hash bytea NOT NULL
);
CREATE INDEX audit_log_by_time ON audit_log (at);

-- One row: the newest entry, and the one behind which the log begins (older ones were removed after their time). Its lock puts the
-- entries of all processes in one order.
CREATE TABLE audit_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  base_seq bigint NOT NULL,
  base_hash bytea NOT NULL
);
INSERT INTO audit_head (seq, hash, base_seq, base_hash) VALUES (0, '', 0, '');

-- Entries stay as they were written. Old ones are removed only where the transaction says that it does so.
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('managed_agent.audit_prune', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit_log is append-only';
END
$$;
CREATE TRIGGER audit_log_keeps_rows BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_log_keeps_table BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
