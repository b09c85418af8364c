import type { OutlivedSession, RestState, RetentionStore } from '../retention.ts';
import type { Database } from './database.ts';

interface OutlivedRow {
  looked: number;
  last: string | null;
  session_id: string | null;
  workspace_id: string;
  state: RestState;
  last_seq: number;
  last_arrival: number;
}

/**
 * A session's time counts from when it was archived, else from what clients see as `updated_at`, and from its newest file. $3 to $5: how
 * long archived, idle and waiting ones are kept.
 */
const OUTLIVED = `
  WITH page AS MATERIALIZED (
    SELECT session_id, workspace_id, status, stop, archived_at, deleted_at, processed_at, last_seq, last_arrival
      FROM session_head WHERE session_id > $1 ORDER BY session_id LIMIT $2),
  resting AS (
    SELECT p.*, CASE WHEN p.archived_at IS NOT NULL OR p.status = 'terminated' THEN 'archived'
        WHEN p.stop->>'type' = 'requires_action' THEN 'waiting' ELSE 'idle' END AS state
      FROM page p WHERE p.deleted_at IS NULL AND p.status IN ('idle', 'terminated')),
  cut AS (
    SELECT r.*, clock_timestamp() - make_interval(secs => kept.ms / 1000.0) AS cut
      FROM resting r JOIN (VALUES ('archived', $3::float8), ('idle', $4), ('waiting', $5)) AS kept (state, ms)
        ON kept.state = r.state AND kept.ms IS NOT NULL),
  outlived AS (
    SELECT c.* FROM cut c JOIN sessions s ON s.id = c.session_id
      WHERE coalesce(c.archived_at, c.processed_at) < c.cut AND coalesce(c.archived_at, greatest(c.processed_at, s.updated_at)) < c.cut
        AND NOT EXISTS (SELECT 1 FROM files f WHERE f.session_id = c.session_id AND f.created_at >= c.cut))
  SELECT whole.looked, whole.last, o.session_id, o.workspace_id, o.state, o.last_seq, o.last_arrival
    FROM (SELECT count(*) AS looked, max(session_id) AS last FROM page) whole LEFT JOIN outlived o ON true`;

/** Retention on PostgreSQL. */
export function createPostgresRetention(database: Database): RetentionStore {
  return {
    async outlived({ archived, idle, waiting }, after, limit) {
      const rows = await database.query<OutlivedRow>(
        OUTLIVED,
        [after ?? '', limit, archived, idle, waiting],
        'outlived-sessions',
      );
      const sessions = rows.flatMap((row): OutlivedSession[] =>
        row.session_id === null
          ? []
          : [
              {
                sessionId: row.session_id,
                workspaceId: row.workspace_id,
                state: row.state,
                lastSeq: row.last_seq,
                lastArrival: row.last_arrival,
              },
            ],
      );
      const [first] = rows;
      const isLast = first === undefined || first.looked < limit;
      return { sessions, next: isLast ? null : first.last };
    },
    async removeCheckpoints(archivedMs, limit) {
      const rows = await database.query(
        `DELETE FROM checkpoints WHERE session_id IN (
          SELECT c.session_id FROM checkpoints c JOIN session_head h ON h.session_id = c.session_id
          WHERE h.archived_at < clock_timestamp() - make_interval(secs => $1 / 1000.0) LIMIT $2) RETURNING session_id`,
        [archivedMs, limit],
        'remove-checkpoints',
      );
      return rows.length;
    },
    async expireOutputs(olderThanMs, limit) {
      const rows = await database.query(
        `UPDATE files SET expires_at = clock_timestamp() WHERE id IN (
          SELECT id FROM files WHERE session_id IS NOT NULL AND downloadable AND expires_at IS NULL
            AND created_at < clock_timestamp() - make_interval(secs => $1 / 1000.0)
          ORDER BY created_at LIMIT $2) RETURNING id`,
        [olderThanMs, limit],
        'expire-outputs',
      );
      return rows.length;
    },
  };
}
