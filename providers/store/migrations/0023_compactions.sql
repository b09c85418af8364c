-- A worker that has no transcript of a thread reads from its last compaction on.
CREATE INDEX events_compactions ON events (session_id, thread_id, seq) WHERE type = 'agent.thread_context_compacted';
