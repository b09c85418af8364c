-- Skills and their immutable versions. The bytes are blobs: a zip archive with everything, and SKILL.md alone.
CREATE TABLE skills (
  workspace_id text NOT NULL,
  id text NOT NULL,
  name text NOT NULL,
  display_name text NOT NULL,
  latest_version_id text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  PRIMARY KEY (workspace_id, id)
);
CREATE INDEX skills_by_creation ON skills (workspace_id, created_at DESC, id DESC);

CREATE TABLE skill_versions (
  workspace_id text NOT NULL,
  skill_id text NOT NULL,
  id text NOT NULL,
  document json NOT NULL,
  content_hash text NOT NULL,
  archive_sha256 text NOT NULL,
  archive_bytes bigint NOT NULL,
  document_sha256 text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (workspace_id, skill_id, id),
  FOREIGN KEY (workspace_id, skill_id) REFERENCES skills (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX skill_versions_by_creation ON skill_versions (workspace_id, skill_id, created_at DESC, id DESC);
CREATE INDEX skill_versions_by_archive ON skill_versions (workspace_id, archive_sha256);
CREATE INDEX skill_versions_by_document ON skill_versions (workspace_id, document_sha256);

-- What a session resolved at its creation and keeps, also when the skill is deleted.
CREATE TABLE session_skills (
  session_id text NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  ordinal integer NOT NULL,
  pin json NOT NULL,
  blob_workspace_id text NOT NULL,
  archive_sha256 text NOT NULL,
  document_sha256 text NOT NULL,
  PRIMARY KEY (session_id, ordinal)
);
CREATE INDEX session_skills_by_archive ON session_skills (blob_workspace_id, archive_sha256);
CREATE INDEX session_skills_by_document ON session_skills (blob_workspace_id, document_sha256);
