import type { AcceptView } from '../../../core/journal/accept.ts';
import { AppError } from '../../../core/errors.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import { keptFromOf } from '../../../core/session/context/compacted-event.ts';
import type { RowCipher } from '../../encryption/row-cipher.ts';
import type {
  Journal,
  JournalEvent,
  SessionHead,
  SessionSetup,
  Transacted,
  TransactionRequest,
} from '../journal.ts';
import { applyWrites } from './apply-writes.ts';
import type { Connection, Database } from './database.ts';
import { loadView } from './load-view.ts';
import { withinPage } from './page-bytes.ts';
import { readHead } from './read-head.ts';
import { keepSkills } from './session-skills.ts';
import { placeResources } from './session-repositories.ts';

interface EventRow {
  id: string;
  seq: number | null;
  arrival: number | null;
  thread_id: string;
  type: string;
  body: JsonObject;
  detail: Json | null;
  step_key: string | null;
  processed_at: number | null;
  session_id: string;
  workspace_id: string;
}

const COLUMNS = `id, seq, arrival, thread_id, type, body, detail, step_key, processed_at, session_id,
  (SELECT workspace_id FROM session_head WHERE session_id = $1) AS workspace_id`;

const EVENTS_AFTER = withinPage(
  `SELECT ${COLUMNS} FROM events WHERE session_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
  'seq',
);

/** The journal on PostgreSQL. Every transaction locks the session's head row first, so that commit order is `seq` order. */
export function createPostgresJournal(database: Database): Journal {
  const transact: Journal['transact'] = async (request, decide) =>
    database.transaction(async (connection) => {
      const loaded = await loadView(connection, request, database.cipher);
      check(request, loaded);
      return run(connection, database.cipher, loaded.view, request, decide);
    });

  async function readEvents(where: string, values: unknown[], name: string): Promise<JournalEvent[]> {
    const rows = await database.query<EventRow>(`SELECT ${COLUMNS} FROM events WHERE ${where}`, values, name);
    return rows.map((row) => toJournalEvent(row, database.cipher));
  }

  return {
    transact,

    createSession: async (session, decide) =>
      database.transaction(async (connection) => {
        connection.send({
          name: 'session-create',
          text: `WITH moment AS (SELECT date_trunc('milliseconds', clock_timestamp()) AS at),
            resource AS (
              INSERT INTO sessions (id, workspace_id, agent, agent_id, agent_version, environment_id, title, metadata, vault_ids,
                budget, trace, created_at, updated_at)
              SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, at, at FROM moment),
            head AS (INSERT INTO session_head (session_id, workspace_id, processed_at) SELECT $1, $2, at FROM moment)
            INSERT INTO session_threads (session_id, thread_id, is_primary, agent_name, created_at)
            SELECT $1, $11, true, $12, at FROM moment`,
          values: [
            session.id,
            session.workspaceId,
            JSON.stringify(session.agent),
            session.agentId,
            session.agentVersion,
            session.environmentId,
            session.title,
            JSON.stringify(session.metadata),
            JSON.stringify(session.vaultIds),
            session.budget === null ? null : JSON.stringify(session.budget),
            session.threadId,
            session.agentName,
            session.trace === undefined ? null : JSON.stringify(session.trace),
          ],
        });
        await placeResources(connection, database.cipher, session, session.resources ?? []);
        await keepSkills(connection, session.id, session.skills ?? []);
        const loaded = await loadView(connection, { sessionId: session.id }, database.cipher);
        if (!loaded) throw new Error('a session that was just created cannot be read');
        return run(
          connection,
          database.cipher,
          loaded.view,
          { sessionId: session.id, caller: 'client' },
          decide,
        );
      }),

    head: async (sessionId): Promise<SessionHead | null> => readHead(database, sessionId),

    async setup(sessionId) {
      const rows = await database.query<{
        workspace_id: string;
        agent: SessionSetup['agent'];
        environment_id: string;
        trace: SessionSetup['trace'];
      }>(
        'SELECT workspace_id, agent, environment_id, trace FROM sessions WHERE id = $1',
        [sessionId],
        'setup',
      );
      const row = rows[0];
      if (!row) throw new AppError('session_gone', `The session ${sessionId} was deleted.`);
      const { workspace_id: workspaceId, agent, environment_id: environmentId, trace } = row;
      return { workspaceId, agent, environmentId, trace };
    },

    async eventsAfter(sessionId, after, limit) {
      const rows = await database.query<EventRow>(EVENTS_AFTER, [sessionId, after, limit], 'events-after');
      return rows.map((row) => toJournalEvent(row, database.cipher));
    },

    eventsThrough: async (sessionId, threadId, after, through) =>
      readEvents(
        'session_id = $1 AND thread_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq',
        [sessionId, threadId, after, through],
        'events-through',
      ),

    async lastCompaction(sessionId, threadId, through) {
      const [event] = await readEvents(
        `session_id = $1 AND thread_id = $2 AND seq <= $3 AND type = 'agent.thread_context_compacted'
        ORDER BY seq DESC LIMIT 1`,
        [sessionId, threadId, through],
        'last-compaction',
      );
      const keptFrom = event ? keptFromOf(event.detail) : null;
      return keptFrom === null ? null : { keptFrom };
    },

    eventsOfStep: async (sessionId, stepKey) =>
      readEvents(
        'session_id = $1 AND step_key = $2 AND seq IS NOT NULL ORDER BY seq',
        [sessionId, stepKey],
        'events-of-step',
      ),

    event: async (sessionId, eventId) =>
      (await readEvents('session_id = $1 AND id = $2', [sessionId, eventId], 'event-by-id'))[0] ?? null,

    async lastSeqs(sessionIds) {
      const rows = await database.query<{ session_id: string; last_seq: number }>(
        'SELECT session_id, last_seq FROM session_head WHERE session_id = ANY ($1) AND deleted_at IS NULL',
        [sessionIds],
        'last-seqs',
      );
      return new Map(rows.map((row) => [row.session_id, row.last_seq]));
    },

    async markSignalled(sessionId, arrivals) {
      await database.query(
        'UPDATE events SET signalled_at = clock_timestamp() WHERE session_id = $1 AND arrival = ANY ($2) AND signalled_at IS NULL',
        [sessionId, arrivals],
        'mark-signalled',
      );
    },

    async deleteSession(request, decide) {
      // A long session has very many rows.
      await database.patient.transaction(async (connection) => {
        const loaded = await loadView(connection, request, database.cipher);
        check(request, loaded, 'archived-too');
        decide(loaded.view);
        for (const table of ['events', 'steps', 'tool_calls', 'session_threads']) {
          connection.send({
            text: `DELETE FROM ${table} WHERE session_id = $1`,
            values: [request.sessionId],
          });
        }
        connection.send({ text: 'DELETE FROM sessions WHERE id = $1', values: [request.sessionId] });
        connection.send({
          text: `UPDATE session_head SET deleted_at = clock_timestamp(), status = 'terminated' WHERE session_id = $1`,
          values: [request.sessionId],
        });
      });
    },
  };
}

function check(
  request: TransactionRequest,
  loaded: Awaited<ReturnType<typeof loadView>>,
  archived: 'refuse-archived' | 'archived-too' = 'refuse-archived',
): asserts loaded is NonNullable<typeof loaded> {
  const { sessionId, caller } = request;
  if (
    !loaded ||
    (request.workspaceId !== undefined && loaded.view.head.workspaceId !== request.workspaceId)
  ) {
    if (caller === 'activity') throw new AppError('session_gone', `The session ${sessionId} was deleted.`);
    throw new AppError('not_found', `Session ${sessionId} was not found.`);
  }
  if (request.epoch !== undefined && request.epoch < loaded.view.head.epoch) {
    throw new AppError(
      'session_superseded',
      `The session ${sessionId} goes on in epoch ${loaded.view.head.epoch}.`,
    );
  }
  if (archived === 'refuse-archived' && loaded.view.head.archived) {
    if (caller === 'activity') throw new AppError('session_gone', `The session ${sessionId} was archived.`);
    throw new AppError(
      'invalid_request',
      `Session ${sessionId} is archived; it can be read but not changed.`,
    );
  }
}

function run<T>(
  connection: Connection,
  cipher: RowCipher,
  view: AcceptView,
  request: TransactionRequest,
  decide: (view: AcceptView) => { writes: Parameters<typeof applyWrites>[2] | null; result: T },
): Transacted<T> {
  const { writes, result } = decide(view);
  if (writes === null) return { result, lastSeq: view.head.lastSeq };
  return { result, lastSeq: applyWrites(connection, view, writes, request.claim, cipher) };
}

function toJournalEvent(row: EventRow, cipher: RowCipher): JournalEvent {
  const place = { workspaceId: row.workspace_id, sessionId: row.session_id, rowId: row.id };
  return {
    id: row.id,
    seq: row.seq,
    arrival: row.arrival,
    threadId: row.thread_id,
    type: row.type,
    body: cipher.open(row.body, { ...place, column: 'body' }) as JsonObject,
    detail: row.detail === null ? null : cipher.open(row.detail, { ...place, column: 'detail' }),
    stepKey: row.step_key,
    processedAt: row.processed_at,
  };
}
