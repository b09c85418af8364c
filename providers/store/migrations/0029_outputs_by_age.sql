-- Files that agents made and that do not expire by themselves, by age: what `retention.outputs_days` looks for.
CREATE INDEX files_outputs ON files (created_at) WHERE session_id IS NOT NULL AND downloadable AND expires_at IS NULL;
