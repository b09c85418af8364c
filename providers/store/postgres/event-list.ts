import type { JsonObject } from '../../../core/json.ts';
import type { RowCipher } from '../../encryption/row-cipher.ts';
import type { EventList, EventPage, EventPosition, EventQuery, TimeRange } from '../event-list.ts';
import { nextPosition } from '../event-position.ts';
import type { Database } from './database.ts';
import { withinPage } from './page-bytes.ts';

interface ListedRow {
  id: string;
  seq: number | null;
  arrival: number | null;
  thread_id: string;
  type: string;
  body: JsonObject;
  workspace_id: string;
  processed_at: number | null;
  /** How many rows there were before bodies were counted, at most one more than asked for. */
  total: number;
  snapshot: number;
}

/** The listing on PostgreSQL. Each page is one statement, so that it sees one moment of the journal. */
export function createPostgresEventList(database: Database): EventList {
  return {
    async page(query) {
      const bounds = await seqBounds(database, query.sessionId, query.processed);
      const { text, values } = pageStatement(query, bounds);
      return toPage(query, await database.query<ListedRow>(text, values), database.cipher);
    },
    async contains(sessionId, range, position) {
      if (position.seq === null || position.seq === 0) return true;
      const { from, below } = await seqBounds(database, sessionId, range);
      return position.seq >= from && position.seq < below;
    },
    async hasThread(sessionId, threadId) {
      const rows = await database.query(
        'SELECT 1 FROM session_threads WHERE session_id = $1 AND thread_id = $2',
        [sessionId, threadId],
        'has-thread',
      );
      return rows.length > 0;
    },
    async newestOfType(sessionId, type, limit) {
      return database.query<{ seq: number; processedAt: number }>(
        `SELECT seq, processed_at AS "processedAt" FROM events
          WHERE session_id = $1 AND seq IS NOT NULL AND type = $2 ORDER BY seq DESC LIMIT $3`,
        [sessionId, type, limit],
        'newest-of-type',
      );
    },
    async deletedAt(sessionIds) {
      const rows = await database.query<{ session_id: string; deleted_at: number }>(
        'SELECT session_id, deleted_at FROM session_head WHERE session_id = ANY ($1) AND deleted_at IS NOT NULL',
        [sessionIds],
        'deleted-at',
      );
      return new Map(rows.map((row) => [row.session_id, row.deleted_at]));
    },
  };
}

/** A time range as a range of `seq`: `from <= seq < below`. */
interface SeqBounds {
  from: number;
  below: number;
}

const UNBOUNDED: SeqBounds = { from: 0, below: Number.MAX_SAFE_INTEGER };

/**
 * Times grow with `seq`, so a limit in time is found by halving, through the index that is there: a query for the end of a long session
 * costs the same as one for its beginning.
 */
async function seqBounds(database: Database, sessionId: string, range: TimeRange | null): Promise<SeqBounds> {
  const first = (comparison: '<' | '<=', time: number) =>
    firstSeqWhereNot(database, sessionId, comparison, time);
  let { from, below } = UNBOUNDED;
  if (range?.gte !== undefined) from = Math.max(from, await first('<', range.gte));
  if (range?.gt !== undefined) from = Math.max(from, await first('<=', range.gt));
  if (range?.lt !== undefined) below = Math.min(below, await first('<', range.lt));
  if (range?.lte !== undefined) below = Math.min(below, await first('<=', range.lte));
  return { from, below };
}

/** The first `seq` whose time is not `comparison` `time`; one behind the last when there is none. */
async function firstSeqWhereNot(
  database: Database,
  sessionId: string,
  comparison: '<' | '<=',
  time: number,
): Promise<number> {
  const rows = await database.query<{ seq: number }>(
    `WITH RECURSIVE halves (low, high) AS (
      SELECT 1::bigint, last_seq + 1 FROM session_head WHERE session_id = $1
      UNION ALL
      SELECT CASE WHEN earlier THEN middle + 1 ELSE low END, CASE WHEN earlier THEN high ELSE middle END
      FROM (
        SELECT low, high, (low + high) / 2 AS middle,
          (SELECT processed_at ${comparison} to_timestamp($2::double precision / 1000) FROM events
            WHERE session_id = $1 AND seq >= (low + high) / 2 ORDER BY seq LIMIT 1) AS earlier
        FROM halves WHERE low < high) AS probed)
    SELECT low AS seq FROM halves WHERE low >= high`,
    [sessionId, time],
    `first-seq-${comparison}`,
  );
  return rows[0]?.seq ?? 0;
}

function pageStatement(query: EventQuery, bounds: SeqBounds): { text: string; values: unknown[] } {
  const values: unknown[] = [query.sessionId, query.threadId];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const ascending = query.order === 'asc';
  const limit = bind(query.limit + 1);
  const shared = ['session_id = $1', 'thread_id = $2'];
  if (query.types) shared.push(`type = ANY (${bind(query.types)})`);

  const journaled = [...shared, 'seq IS NOT NULL'];
  if (bounds.from > 0) journaled.push(`seq >= ${bind(bounds.from)}`);
  if (bounds.below < UNBOUNDED.below) journaled.push(`seq < ${bind(bounds.below)}`);
  const queued = [...shared, 'processed_at IS NULL', `type NOT LIKE 'internal.%'`];

  const { from } = query;
  if (from?.order === 'asc') {
    const arrival = bind(from.arrival);
    journaled.push(`seq > ${bind(from.seq)}`, `(arrival IS NULL OR arrival > ${arrival})`);
    queued.push(`arrival > ${arrival}`);
  } else if (from) {
    const arrival = bind(from.arrival);
    if (from.seq !== null) journaled.push(`seq < ${bind(from.seq)}`);
    journaled.push(`(seq <= ${bind(from.snapshot)} OR arrival < ${arrival})`);
    queued.push(`arrival < ${arrival}`);
  }
  const queuedListed = query.processed === null && !(from?.order === 'desc' && from.seq !== null);

  const direction = ascending ? 'ASC' : 'DESC';
  const columns = 'id, seq, arrival, thread_id, type, body, processed_at';
  const part = (zone: number, conditions: string[], key: string) =>
    `(SELECT ${zone} AS zone, ${key} AS place, ${columns} FROM events WHERE ${conditions.join(' AND ')}
      ORDER BY ${key} ${direction} LIMIT ${limit})`;
  const parts = [part(1, journaled, 'seq')];
  if (queuedListed) parts.push(part(2, queued, 'arrival'));
  const order = `zone ${direction}, place ${direction}`;
  const rows = `
    SELECT *, (SELECT last_seq FROM session_head WHERE session_id = $1) AS snapshot,
      (SELECT workspace_id FROM session_head WHERE session_id = $1) AS workspace_id, count(*) OVER () AS total
    FROM (SELECT * FROM (${parts.join(' UNION ALL ')}) AS listed ORDER BY ${order} LIMIT ${limit}) AS asked`;
  return { text: withinPage(rows, order), values };
}

function toPage(query: EventQuery, rows: readonly ListedRow[], cipher: RowCipher): EventPage {
  let position: EventPosition | null = query.from;
  const items = rows.slice(0, query.limit).map((row) => {
    position = nextPosition(query.order, position, row, row.snapshot);
    const event = {
      id: row.id,
      seq: row.seq,
      arrival: row.arrival,
      threadId: row.thread_id,
      type: row.type,
      body: cipher.open(row.body, {
        workspaceId: row.workspace_id,
        sessionId: query.sessionId,
        rowId: row.id,
        column: 'body',
      }) as JsonObject,
      processedAt: row.processed_at,
    };
    return { event, position };
  });
  return { items, more: (rows[0]?.total ?? 0) > items.length };
}
