import { AppError } from '../../../core/errors.ts';
import { blobsOf } from '../../../core/journal/large-strings.ts';
import { headOfLog } from '../../../core/operations/head-of-log.ts';
import type { RebuiltRow, RebuiltState } from '../../../core/operations/rebuild-journal.ts';
import type { Json } from '../../../core/json.ts';
import type { Connection, Database } from './database.ts';
import { placeFiles } from './place-files.ts';

interface LiveRow {
  id: string;
  seq: number | null;
  arrival: number | null;
  type: string;
  body: Json;
  detail: Json | null;
  step_key: string | null;
  processed_at: number | null;
}

/** A session whose journal is to be compared or repaired. */
export interface JournalOwner {
  sessionId: string;
  workspaceId: string;
  threadId: string;
}

/** Reads and repairs whole journals, for operators. */
export interface JournalArchive {
  /** Null when there is no such session, or it was deleted. */
  owner(sessionId: string): Promise<JournalOwner | null>;
  /** Every row, by `seq`, what waits last. */
  rows(owner: JournalOwner): Promise<RebuiltRow[]>;
  /**
   * Adds rows that the journal lacks, with the files that they bring to their session, in one transaction under the session's lock, and
   * brings what is derived from the log into line with it: status, usage, time spent, turn under way, budget, calls, step number. Rows
   * whose id or arrival is taken by now are left out. Returns how many were added.
   *
   * @throws `conflict`, with nothing written, where another event has the `seq` of one of them.
   */
  add(owner: JournalOwner, missing: readonly RebuiltRow[], told: RebuiltState): Promise<number>;
}

const READ = `SELECT id, seq, arrival, type, body, detail, step_key, processed_at FROM events
  WHERE session_id = $1 AND type NOT LIKE 'internal.%' ORDER BY seq NULLS LAST, arrival`;

// What took effect in the api has no time in history: it gets that of the event before it. What waits is to be signalled again.
const INSERT = `
  INSERT INTO events (session_id, thread_id, step_key, id, seq, arrival, type, ref, body, detail, blobs, accepted_at, signalled_at,
    processed_at)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12, CASE WHEN $6::bigint IS NULL THEN NULL ELSE clock_timestamp() END,
    CASE WHEN $6::bigint IS NULL OR $5::bigint IS NULL THEN NULL ELSE clock_timestamp() END,
    CASE WHEN $5::bigint IS NULL THEN NULL ELSE coalesce(to_timestamp($11::bigint / 1000.0),
      (SELECT max(processed_at) FROM events WHERE session_id = $1 AND seq < $5::bigint), clock_timestamp()) END
  ON CONFLICT DO NOTHING`;

// Totals only grow: what the row counts beyond the log stays.
const HEAD = `
  WITH head AS (
    UPDATE session_head SET last_seq = greatest(last_seq, $2), last_arrival = greatest(last_arrival, $3), status = $4, stop = $5,
      running_since = to_timestamp($10 / 1000.0), active_ms = greatest(active_ms, $11),
      input_tokens = greatest(input_tokens, $12), output_tokens = greatest(output_tokens, $13),
      cache_read_input_tokens = greatest(cache_read_input_tokens, $14),
      cache_creation_5m_input_tokens = greatest(cache_creation_5m_input_tokens, $15),
      cache_creation_1h_input_tokens = greatest(cache_creation_1h_input_tokens, $16),
      list_cost_nano_usd = greatest(list_cost_nano_usd, $17), unpriced = unpriced OR $18,
      processed_at = greatest(processed_at, (SELECT max(processed_at) FROM events WHERE session_id = $1))
    WHERE session_id = $1),
  resource AS (UPDATE sessions SET budget = $20 WHERE id = $1 AND $19)
  UPDATE session_threads SET step = greatest(step, $6), owed = $7, turn = $9 WHERE session_id = $1 AND thread_id = $8`;

const CALL = `
  INSERT INTO tool_calls (session_id, tool_use_id, name, label, kind, answer, deny_message, resolved)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (session_id, tool_use_id) DO UPDATE SET answer = excluded.answer, deny_message = excluded.deny_message,
    resolved = excluded.resolved`;

export function createPostgresJournalArchive(database: Database): JournalArchive {
  const { cipher } = database;

  function toRow(owner: JournalOwner, row: LiveRow): RebuiltRow {
    const { workspaceId, sessionId } = owner;
    const place = { workspaceId, sessionId, rowId: row.id };
    return {
      id: row.id,
      seq: row.seq,
      arrival: row.arrival,
      type: row.type,
      body: cipher.open(row.body, { ...place, column: 'body' }) as RebuiltRow['body'],
      detail: row.detail === null ? null : cipher.open(row.detail, { ...place, column: 'detail' }),
      stepKey: row.step_key,
      processedAt: row.processed_at,
    };
  }

  async function insert(connection: Connection, owner: JournalOwner, row: RebuiltRow): Promise<number> {
    const { workspaceId, sessionId, threadId } = owner;
    const sealed = (column: 'body' | 'detail', value: Json) =>
      JSON.stringify(cipher.seal(value, { workspaceId, sessionId, rowId: row.id, column }));
    const ref = row.body['tool_use_id'] ?? row.body['custom_tool_use_id'] ?? null;
    const result = await connection.query(INSERT, [
      sessionId,
      threadId,
      row.stepKey,
      row.id,
      row.seq,
      row.arrival,
      row.type,
      ref,
      sealed('body', row.body),
      row.detail === null ? null : sealed('detail', row.detail),
      row.processedAt,
      blobsOf(row.body),
    ]);
    return result.rowCount ?? 0;
  }

  async function alignHead(connection: Connection, owner: JournalOwner, told: RebuiltState): Promise<void> {
    const { workspaceId, sessionId, threadId } = owner;
    const { rows } = await connection.query<LiveRow>(READ, [sessionId]);
    const head = headOfLog(
      rows.map((row) => toRow(owner, row)),
      threadId,
      told,
    );
    const { usage, unpriced, activeMs, runningSince } = head.totals;
    await connection.query(HEAD, [
      sessionId,
      head.lastSeq,
      head.lastArrival,
      head.status,
      head.stop === null ? null : JSON.stringify(head.stop),
      head.step,
      head.owed,
      threadId,
      JSON.stringify(head.turn),
      runningSince,
      activeMs,
      usage.input_tokens,
      usage.output_tokens,
      usage.cache_read_input_tokens,
      usage.cache_creation_5m_input_tokens,
      usage.cache_creation_1h_input_tokens,
      usage.list_cost_nano_usd,
      unpriced,
      head.budget !== undefined,
      head.budget == null ? null : JSON.stringify(head.budget),
    ]);
    for (const call of head.calls) {
      const sealed = (column: 'label' | 'deny_message', text: string) =>
        cipher.sealText(text, { workspaceId, sessionId, rowId: call.id, column });
      const denied = call.denyMessage === null ? null : sealed('deny_message', call.denyMessage);
      const { id, name, kind, answer, resolved } = call;
      await connection.query(CALL, [
        sessionId,
        id,
        name,
        sealed('label', call.label),
        kind,
        answer,
        denied,
        resolved,
      ]);
    }
  }

  return {
    async owner(sessionId) {
      const rows = await database.query<{ workspace_id: string; thread_id: string }>(
        `SELECT h.workspace_id, t.thread_id FROM session_head h
          JOIN session_threads t ON t.session_id = h.session_id AND t.is_primary
          WHERE h.session_id = $1 AND h.deleted_at IS NULL`,
        [sessionId],
      );
      const row = rows[0];
      return row ? { sessionId, workspaceId: row.workspace_id, threadId: row.thread_id } : null;
    },

    async rows(owner) {
      const rows = await database.query<LiveRow>(READ, [owner.sessionId]);
      return rows.map((row) => toRow(owner, row));
    },

    async add(owner, missing, told) {
      return database.transaction(async (connection) => {
        await connection.query('SELECT 1 FROM session_head WHERE session_id = $1 FOR UPDATE', [
          owner.sessionId,
        ]);
        await refuseMixture(connection, owner, missing);
        let added = 0;
        for (const row of missing) added += await insert(connection, owner, row);
        const bodies = missing.map((row) => row.body);
        placeFiles(connection, owner, bodies, Date.now());
        await alignHead(connection, owner, told);
        return added;
      });
    },
  };
}

/** A session that went on after it lost rows has others in their places: with some of both, its journal would tell what never was. */
async function refuseMixture(
  connection: Connection,
  { sessionId }: JournalOwner,
  missing: readonly RebuiltRow[],
): Promise<void> {
  const seqs = missing.flatMap(({ seq }) => (seq === null ? [] : [seq]));
  const { rows } = await connection.query<{ id: string; seq: number }>(
    'SELECT id, seq FROM events WHERE session_id = $1 AND seq = ANY ($2) AND id <> ALL ($3) ORDER BY seq LIMIT 1',
    [sessionId, seqs, missing.map(({ id }) => id)],
  );
  const [other] = rows;
  if (other === undefined) return;
  throw new AppError(
    'conflict',
    `The session has gone on since it lost events: ${other.id} stands at seq ${other.seq}, where history has another. Nothing was written, since the two cannot be one journal.`,
  );
}
