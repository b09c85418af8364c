import type { JsonObject } from '../../../core/json.ts';
import type { HeldAttempt, QuietSession, RestartableSession, UnsignalledEvents, Upkeep } from '../upkeep.ts';
import type { Database } from './database.ts';
import { BUSY } from './read-head.ts';

interface UnsignalledRow {
  session_id: string;
  workspace_id: string;
  archived: boolean;
  arrival: number;
  id: string;
  type: string;
  seq: number | null;
  ref: string | null;
  body: JsonObject;
}

export function createPostgresUpkeep(database: Database): Upkeep {
  return {
    async unsignalled(olderThanMs, limit) {
      const rows = await database.query<UnsignalledRow>(
        `SELECT e.session_id, h.workspace_id, h.archived_at IS NOT NULL AS archived, e.arrival, e.id, e.type, e.seq, e.ref, e.body
          FROM events e JOIN session_head h ON h.session_id = e.session_id
          WHERE e.arrival IS NOT NULL AND e.signalled_at IS NULL
            AND e.accepted_at < clock_timestamp() - $1 * interval '1 millisecond'
          ORDER BY e.accepted_at, e.arrival LIMIT $2`,
        [olderThanMs, limit],
        'unsignalled',
      );
      const sessions = new Map<string, UnsignalledEvents>();
      for (const row of rows) {
        let session = sessions.get(row.session_id);
        if (!session) {
          session = {
            sessionId: row.session_id,
            workspaceId: row.workspace_id,
            archived: row.archived,
            events: [],
          };
          sessions.set(row.session_id, session);
        }
        const { arrival, id, type, seq, ref, body } = row;
        const place = {
          workspaceId: row.workspace_id,
          sessionId: row.session_id,
          rowId: id,
          column: 'body',
        } as const;
        const opened = (): JsonObject => database.cipher.open(body, place) as JsonObject;
        session.events.push({ arrival, id, type, seq, ref, body: opened });
      }
      return [...sessions.values()];
    },

    async quiet(quietMs, limit) {
      const rows = await database.query<{ session_id: string; last_seq: number }>(
        `SELECT h.session_id, h.last_seq FROM session_head h
          WHERE h.deleted_at IS NULL AND h.archived_at IS NULL
            AND h.processed_at < clock_timestamp() - $1 * interval '1 millisecond' AND ${BUSY}
          ORDER BY h.processed_at LIMIT $2`,
        [quietMs, limit],
        'quiet',
      );
      return rows.map((row): QuietSession => ({ sessionId: row.session_id, lastSeq: row.last_seq }));
    },

    async newEpoch(sessionId) {
      const rows = await database.query<{
        session_id: string;
        workspace_id: string;
        thread_id: string;
        epoch: number;
        agent_id: string;
        model: string;
        title: string | null;
      }>(
        `WITH head AS (
            UPDATE session_head SET epoch = greatest(epoch + 1, floor(extract(epoch FROM clock_timestamp()))::bigint)
            WHERE session_id = $1 AND deleted_at IS NULL AND archived_at IS NULL RETURNING session_id, epoch)
          SELECT s.id AS session_id, s.workspace_id, t.thread_id, head.epoch, s.agent_id, s.agent->'model'->>'id' AS model, s.title
          FROM head JOIN sessions s ON s.id = head.session_id
          JOIN session_threads t ON t.session_id = s.id AND t.is_primary`,
        [sessionId],
        'new-epoch',
      );
      const row = rows[0];
      if (!row) return null;
      const session: RestartableSession = {
        sessionId: row.session_id,
        workspaceId: row.workspace_id,
        threadId: row.thread_id,
        epoch: row.epoch,
        agentId: row.agent_id,
        model: row.model,
        title: row.title,
      };
      return session;
    },

    async tombstones(withinMs, limit) {
      const rows = await database.query<{ session_id: string }>(
        `SELECT session_id FROM session_head WHERE deleted_at > clock_timestamp() - $1 * interval '1 millisecond'
          ORDER BY deleted_at DESC LIMIT $2`,
        [withinMs, limit],
        'tombstones',
      );
      return rows.map((row) => row.session_id);
    },

    async newestInterrupts(sessionIds) {
      const rows = await database.query<{ session_id: string; arrival: number }>(
        `SELECT session_id, max(arrival) AS arrival FROM events
          WHERE session_id = ANY ($1) AND processed_at IS NULL AND type = 'user.interrupt' GROUP BY session_id`,
        [sessionIds],
        'newest-interrupts',
      );
      return new Map(rows.map((row) => [row.session_id, row.arrival]));
    },

    async active(recentMs, after, limit) {
      // Without the exact rule of what is busy, which asks for each idle session whether a person holds it up.
      const rows = await database.query<{ session_id: string }>(
        `SELECT session_id FROM session_head
          WHERE deleted_at IS NULL AND session_id > $2
            AND (status IN ('running', 'rescheduling') OR processed_at > clock_timestamp() - $1 * interval '1 millisecond')
          UNION SELECT session_id FROM events WHERE processed_at IS NULL AND session_id > $2
          ORDER BY session_id LIMIT $3`,
        [recentMs, after ?? '', limit],
        'active',
      );
      return rows.map((row) => row.session_id);
    },

    async heldBy(worker) {
      const rows = await database.query<{ session_id: string; step_key: string; task_token: Buffer }>(
        `SELECT session_id, step_key, task_token FROM steps
          WHERE outcome IS NULL AND worker = $1 AND task_token IS NOT NULL`,
        [worker],
        'held-by',
      );
      return rows.map((row): HeldAttempt => ({
        sessionId: row.session_id,
        stepKey: row.step_key,
        taskToken: row.task_token,
      }));
    },

    async temporalIdentity(identity, mode) {
      const rows = await database.query<{ value: string }>(
        `INSERT INTO service_facts (name, value) VALUES ('temporal', $1)
          ON CONFLICT (name) DO UPDATE SET value = CASE WHEN $2 THEN excluded.value ELSE service_facts.value END
          RETURNING value`,
        [identity, mode === 'replace'],
      );
      return rows[0]?.value ?? identity;
    },
  };
}
