-- SKILL.md lies beside its archive as a blob of its own, so it is given up and counted as that is.
ALTER TABLE skill_versions ADD COLUMN document_bytes bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE FUNCTION loosen_skill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO loose_blobs (workspace_id, sha256, size_bytes)
    SELECT DISTINCT ON (sha256) OLD.workspace_id, sha256, bytes
    FROM (VALUES (OLD.archive_sha256, OLD.archive_bytes), (OLD.document_sha256, OLD.document_bytes)) AS given (sha256, bytes)
    ON CONFLICT (workspace_id, sha256) DO UPDATE SET since = clock_timestamp();
  RETURN NULL;
END $$;
