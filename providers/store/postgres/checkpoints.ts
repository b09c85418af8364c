import type { Checkpoint, CheckpointPart, CheckpointStore } from '../checkpoints.ts';
import type { Database } from './database.ts';

interface CheckpointRow {
  workspace_id: string;
  format: string;
  mark: string;
  parts: CheckpointPart[];
  attached: Record<string, string>;
  last_seq: number;
  taken_at: number;
}

export function createPostgresCheckpoints(database: Database): CheckpointStore {
  return {
    async get(sessionId) {
      const rows = await database.query<CheckpointRow>(
        'SELECT workspace_id, format, mark, parts, attached, last_seq, taken_at FROM checkpoints WHERE session_id = $1',
        [sessionId],
        'checkpoint',
      );
      const row = rows[0];
      if (row === undefined) return null;
      const { workspace_id: workspaceId, format, mark, parts, attached, last_seq: lastSeq } = row;
      return { sessionId, workspaceId, format, mark, parts, attached, lastSeq, takenAt: row.taken_at };
    },
    async record(checkpoint, previous, placement) {
      // A session that is placed elsewhere by now keeps what the other host saves.
      const rows = await database.query<{ session_id: string }>(
        `INSERT INTO checkpoints AS c (session_id, workspace_id, format, mark, parts, blobs, attached, last_seq)
          SELECT s.session_id, $2, $3, $4, $5, $6, $7, $8 FROM session_hosts s
            WHERE s.session_id = $1 AND s.placement = $10
              AND ($9::text IS NULL OR EXISTS (SELECT 1 FROM checkpoints o WHERE o.session_id = $1))
          ON CONFLICT (session_id) DO UPDATE SET format = excluded.format, mark = excluded.mark, parts = excluded.parts,
            blobs = excluded.blobs, attached = excluded.attached, last_seq = excluded.last_seq, taken_at = now()
          WHERE c.mark = $9
          RETURNING session_id`,
        recordValues(checkpoint, previous, placement),
        'checkpoint-record',
      );
      return rows.length > 0;
    },
    async endedCalls(sessionId, afterSeq) {
      const rows = await database.query<{ count: number }>(
        `SELECT count(*) AS count FROM events WHERE session_id = $1 AND seq > $2 AND type = 'agent.tool_result'`,
        [sessionId, afterSeq],
        'calls-ended-after',
      );
      return rows[0]?.count ?? 0;
    },
  };
}

function recordValues(checkpoint: Checkpoint, previous: string | null, placement: string): unknown[] {
  return [
    checkpoint.sessionId,
    checkpoint.workspaceId,
    checkpoint.format,
    checkpoint.mark,
    JSON.stringify(checkpoint.parts),
    checkpoint.parts.map(({ sha256 }) => sha256),
    JSON.stringify(checkpoint.attached),
    checkpoint.lastSeq,
    previous,
    placement,
  ];
}
