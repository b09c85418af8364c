import type { SessionStatus, StopReason } from '../../../core/journal/view.ts';
import type { SessionHead } from '../journal.ts';
import type { Database } from './database.ts';

/**
 * Whether a session is busy, as an SQL condition over `h` (its head row): running, or something is queued, save messages held behind
 * an unanswered call. The same rule as `isBusy` in `core/journal`.
 */
export const BUSY = `(h.status <> 'terminated' AND (h.status IN ('running', 'rescheduling')
  OR EXISTS (SELECT 1 FROM events q WHERE q.session_id = h.session_id AND q.processed_at IS NULL
    AND q.type NOT IN ('user.message', 'system.message'))
  OR (EXISTS (SELECT 1 FROM events q WHERE q.session_id = h.session_id AND q.processed_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM tool_calls c LEFT JOIN steps s ON s.session_id = c.session_id
        AND s.step_key = 'tool/' || c.tool_use_id
      WHERE c.session_id = h.session_id AND NOT c.resolved AND s.step_key IS NULL
        AND (c.kind = 'custom' OR (c.kind = 'ask' AND c.answer IS NULL))))))`;

interface HeadRow {
  session_id: string;
  workspace_id: string;
  thread_id: string;
  status: SessionStatus;
  stop: StopReason | null;
  busy: boolean;
  last_seq: number;
  active_ms: number;
  running_since: number | null;
  archived_at: number | null;
  processed_at: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_5m_input_tokens: number;
  cache_creation_1h_input_tokens: number;
  list_cost_nano_usd: number;
}

/** One session's changing part, read without a lock. Null when it does not exist or was deleted. */
export async function readHead(database: Database, sessionId: string): Promise<SessionHead | null> {
  const rows = await database.query<HeadRow>(
    `SELECT h.*, t.thread_id, ${BUSY} AS busy FROM session_head h
      JOIN session_threads t ON t.session_id = h.session_id AND t.is_primary
      WHERE h.session_id = $1 AND h.deleted_at IS NULL`,
    [sessionId],
    'head',
  );
  const row = rows[0];
  if (!row) return null;
  return {
    sessionId: row.session_id,
    workspaceId: row.workspace_id,
    threadId: row.thread_id,
    status: row.status,
    stop: row.stop,
    busy: row.busy,
    lastSeq: row.last_seq,
    usage: {
      input_tokens: row.input_tokens,
      output_tokens: row.output_tokens,
      cache_read_input_tokens: row.cache_read_input_tokens,
      cache_creation_5m_input_tokens: row.cache_creation_5m_input_tokens,
      cache_creation_1h_input_tokens: row.cache_creation_1h_input_tokens,
      list_cost_nano_usd: row.list_cost_nano_usd,
    },
    activeMs: row.active_ms,
    archivedAt: row.archived_at,
    processedAt: row.processed_at,
  };
}
