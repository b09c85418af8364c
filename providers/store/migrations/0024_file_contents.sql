-- What a workspace's files take is the sum over their contents, each once; this index answers it without reading the rows.
CREATE INDEX files_by_content ON files (workspace_id, sha256) INCLUDE (size_bytes, expires_at);
DROP INDEX files_by_blob;
