-- Repositories that are placed into a session's sandbox. One order with its files. `token` is encrypted where there are keys.
CREATE TABLE session_repositories (
  id text PRIMARY KEY,
  session_id text NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  ordinal bigint NOT NULL DEFAULT nextval(pg_get_serial_sequence('session_resources', 'ordinal')),
  url text NOT NULL,
  checkout json,
  mount_path text NOT NULL,
  token text,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
);
CREATE INDEX session_repositories_by_session ON session_repositories (session_id, ordinal);
