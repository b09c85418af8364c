-- Agents and their immutable versions. `version` is the newest.
CREATE TABLE agents (
  id text PRIMARY KEY,
  workspace_id text NOT NULL,
  version integer NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  archived_at timestamptz(3)
);
CREATE INDEX agents_by_workspace ON agents (workspace_id, created_at DESC, id DESC);

CREATE TABLE agent_versions (
  agent_id text NOT NULL REFERENCES agents (id),
  version integer NOT NULL,
  spec json NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (agent_id, version)
);

-- A deleted environment stays for the sessions that were created at the same moment; nobody else sees it.
CREATE TABLE environments (
  id text PRIMARY KEY,
  workspace_id text NOT NULL,
  name text NOT NULL,
  description text,
  config json NOT NULL,
  metadata json NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  archived_at timestamptz(3),
  deleted_at timestamptz(3)
);
CREATE INDEX environments_by_workspace ON environments (workspace_id, created_at DESC, id DESC);

-- The bytes are the blob `workspace_id/sha256`. Files of a session go when it goes.
CREATE TABLE files (
  id text PRIMARY KEY,
  workspace_id text NOT NULL,
  session_id text REFERENCES sessions (id) ON DELETE CASCADE,
  filename text NOT NULL,
  mime_type text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  downloadable boolean NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3)
);
CREATE INDEX files_by_workspace ON files (workspace_id, created_at DESC, id DESC) INCLUDE (size_bytes);
CREATE INDEX files_by_session ON files (session_id, created_at DESC, id DESC) WHERE session_id IS NOT NULL;
CREATE INDEX files_by_blob ON files (workspace_id, sha256);

-- What is placed into a session's sandbox. `file_id` is the session's own copy.
CREATE TABLE session_resources (
  id text PRIMARY KEY,
  session_id text NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  ordinal bigint GENERATED ALWAYS AS IDENTITY,
  type text NOT NULL,
  file_id text NOT NULL REFERENCES files (id) ON DELETE CASCADE,
  mount_path text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
);
CREATE INDEX session_resources_by_session ON session_resources (session_id, ordinal);
CREATE INDEX session_resources_by_file ON session_resources (file_id);
