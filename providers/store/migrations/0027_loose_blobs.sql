-- Bytes that a workspace gave up, or that were refused after they were stored. They count against its quota until a sweep has removed
-- them, or has found that something else refers to them. A row is never missing for bytes that lost their last file; one too many is harmless.
CREATE TABLE loose_blobs (
  workspace_id text NOT NULL,
  sha256 text NOT NULL,
  size_bytes bigint NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, sha256)
);
CREATE INDEX loose_blobs_by_age ON loose_blobs (since);

CREATE FUNCTION loosen_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO loose_blobs (workspace_id, sha256, size_bytes) VALUES (OLD.workspace_id, OLD.sha256, OLD.size_bytes)
    ON CONFLICT (workspace_id, sha256) DO UPDATE SET since = clock_timestamp();
  RETURN NULL;
END $$;
CREATE TRIGGER loosen_deleted_file AFTER DELETE ON files FOR EACH ROW EXECUTE FUNCTION loosen_file();

CREATE FUNCTION loosen_skill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO loose_blobs (workspace_id, sha256, size_bytes) VALUES (OLD.workspace_id, OLD.archive_sha256, OLD.archive_bytes)
    ON CONFLICT (workspace_id, sha256) DO UPDATE SET since = clock_timestamp();
  RETURN NULL;
END $$;
CREATE TRIGGER loosen_deleted_skill AFTER DELETE ON skill_versions FOR EACH ROW EXECUTE FUNCTION loosen_skill();

-- Whether the bytes of an expired file were handed to the sweep.
ALTER TABLE files ADD COLUMN loosened boolean NOT NULL DEFAULT false;
CREATE INDEX files_to_loosen ON files (expires_at) WHERE NOT loosened AND expires_at IS NOT NULL;
