-- Sessions and their journal. The head row is the lock of everything that is journaled; it is narrow, has no secondary index and
-- leaves room in its pages, so that updating it stays cheap.

CREATE TABLE sessions (
  id text PRIMARY KEY,
  workspace_id text NOT NULL,
  agent json NOT NULL,
  agent_id text NOT NULL,
  agent_version integer NOT NULL,
  environment_id text NOT NULL,
  title text,
  metadata json NOT NULL DEFAULT '{}',
  vault_ids json NOT NULL DEFAULT '[]',
  budget json,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
);
CREATE INDEX sessions_by_workspace ON sessions (workspace_id, created_at DESC, id DESC);
CREATE INDEX sessions_by_agent ON sessions (workspace_id, agent_id, created_at DESC);
CREATE INDEX sessions_by_environment ON sessions (environment_id);

-- A deleted session keeps its head row as a tombstone.
CREATE TABLE session_head (
  session_id text PRIMARY KEY,
  workspace_id text NOT NULL,
  epoch bigint NOT NULL DEFAULT 1,
  last_seq bigint NOT NULL DEFAULT 0,
  last_arrival bigint NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT 'idle',
  stop json,
  archived_at timestamptz(3),
  deleted_at timestamptz(3),
  processed_at timestamptz(3) NOT NULL,
  running_since timestamptz(3),
  active_ms bigint NOT NULL DEFAULT 0,
  input_tokens bigint NOT NULL DEFAULT 0,
  output_tokens bigint NOT NULL DEFAULT 0,
  cache_read_input_tokens bigint NOT NULL DEFAULT 0,
  cache_creation_5m_input_tokens bigint NOT NULL DEFAULT 0,
  cache_creation_1h_input_tokens bigint NOT NULL DEFAULT 0,
  list_cost_nano_usd bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE session_threads (
  session_id text NOT NULL,
  thread_id text NOT NULL,
  is_primary boolean NOT NULL,
  agent_name text NOT NULL,
  step bigint NOT NULL DEFAULT 0,
  owed boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (session_id, thread_id)
) WITH (fillfactor = 50);

-- `seq` is given when an event takes effect; before that it waits, with an `arrival`. An internal row is processed without ever
-- getting a `seq`. `json`, not `jsonb`: the latter refuses NUL and lone surrogates and reorders keys.
CREATE TABLE events (
  session_id text NOT NULL,
  id text NOT NULL,
  seq bigint,
  arrival bigint,
  thread_id text NOT NULL,
  type text NOT NULL,
  ref text,
  body json NOT NULL,
  detail json,
  step_key text,
  accepted_at timestamptz(3),
  processed_at timestamptz(3),
  signalled_at timestamptz(3),
  PRIMARY KEY (session_id, id)
);
CREATE UNIQUE INDEX events_by_seq ON events (session_id, seq) WHERE seq IS NOT NULL;
CREATE UNIQUE INDEX events_by_arrival ON events (session_id, arrival) WHERE arrival IS NOT NULL;
CREATE INDEX events_queued ON events (session_id, arrival) WHERE processed_at IS NULL;
CREATE INDEX events_unsignalled ON events (accepted_at) WHERE arrival IS NOT NULL AND signalled_at IS NULL;
CREATE INDEX events_by_step ON events (session_id, step_key) WHERE step_key IS NOT NULL;

-- Outcome null: an attempt holds the step. The first row of a key is the claim; the outcome is written once.
CREATE TABLE steps (
  session_id text NOT NULL,
  step_key text NOT NULL,
  fence bigint NOT NULL,
  worker text,
  task_token bytea,
  through bigint NOT NULL,
  arrived bigint NOT NULL,
  span text,
  failures integer NOT NULL DEFAULT 0,
  first_failure_at timestamptz(3),
  outcome json,
  PRIMARY KEY (session_id, step_key)
);
CREATE INDEX steps_open ON steps (worker, session_id) WHERE outcome IS NULL;

CREATE TABLE tool_calls (
  session_id text NOT NULL,
  tool_use_id text NOT NULL,
  ordinal bigint GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  label text NOT NULL,
  kind text NOT NULL,
  answer text,
  deny_message text,
  resolved boolean NOT NULL DEFAULT false,
  PRIMARY KEY (session_id, tool_use_id)
);
CREATE INDEX tool_calls_open ON tool_calls (session_id, ordinal) WHERE NOT resolved;
