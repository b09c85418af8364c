import { Pool, type ClientBase, type PoolClient, type QueryResultRow } from 'pg';
import { AppError } from '../../../core/errors.ts';
import { setUpSession } from '../../postgres-client/server-session.ts';
import type { SystemView } from '../system-view.ts';
import { parserOf } from './database.ts';
import { LAST_KEY } from './encryption-keys.ts';
import { toAppError } from './failures.ts';
import { BUSY } from './read-head.ts';
import { liveWorkers } from './worker-registry.ts';

/** Less than whoever asks waits, so that what hangs is known, and its connection is thrown away. */
const ANSWER_MS = 1_500;
/** PostgreSQL itself ends what takes longer, so that a locked table is told from a server that says nothing. */
const STATEMENT_MS = 1_200;
const IDLE_MS = 60_000;

/** @param url - of the store; a transaction pooler may stand between. */
export function createPostgresSystemView(url: string): SystemView {
  const open = (max: number): Pool => {
    // The pool waits for it, which its types do not say.
    const setUp: (client: ClientBase) => unknown = async (client: ClientBase) =>
      setUpSession(client, { statement_timeout: String(STATEMENT_MS) }, async (answer) => answer);
    const pool = new Pool({
      connectionString: url,
      max,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      idleTimeoutMillis: IDLE_MS,
      keepAlive: true,
      application_name: 'managed-agent-status',
      types: { getTypeParser: parserOf },
      onConnect: setUp,
    });
    pool.on('error', () => undefined);
    return pool;
  };
  const pool = open(2);
  // Apart from the others, which may wait for a table that somebody has locked.
  const reached = open(1);

  async function ask<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    try {
      return (await pool.query<Row>(text, values)).rows;
    } catch (error) {
      throw toViewError(error);
    }
  }

  return {
    async database() {
      // A new connection may lead to the primary where this one leads to a standby that was one.
      let isOver = false;
      let client: PoolClient | undefined;
      try {
        client = await reached.connect();
        client.on('error', ignore);
        const { rows } = await client.query<{ read_only: boolean }>(
          `SELECT current_setting('transaction_read_only')::boolean AS read_only`,
        );
        isOver = rows[0]?.read_only !== false;
        return { takesWrites: !isOver };
      } catch (error) {
        isOver = true;
        throw toViewError(error);
      } finally {
        client?.off('error', ignore);
        client?.release(isOver);
      }
    },

    lastKey: async () => (await ask<{ id: string }>(LAST_KEY))[0]?.id ?? null,

    workers: async () => liveWorkers({ query: ask }),

    async hosts() {
      const rows = await ask<{ id: string; driver: string; ready: boolean; silent_ms: number }>(
        `SELECT id, driver, ready, (extract(epoch FROM clock_timestamp() - heartbeat_at) * 1000)::float8 AS silent_ms
          FROM sandbox_hosts ORDER BY registered_at, id`,
      );
      return rows.map(({ silent_ms: silentMs, ...host }) => ({ ...host, silentMs }));
    },

    async queue() {
      const [row] = await ask<{ queued: number; oldest: number | null }>(
        `SELECT count(*) AS queued, extract(epoch FROM clock_timestamp()
            - min(e.accepted_at) FILTER (WHERE h.status = 'idle' AND ${BUSY}))::float8 AS oldest
          FROM events e JOIN session_head h ON h.session_id = e.session_id
          WHERE e.processed_at IS NULL AND e.type NOT LIKE 'internal.%' AND h.deleted_at IS NULL AND h.archived_at IS NULL`,
      );
      return { queued: row?.queued ?? 0, oldestSeconds: Math.max(0, row?.oldest ?? 0) };
    },

    async close() {
      await Promise.all([pool.end(), reached.end()]);
    },
  };
}

/** Of `pg`, for a server that says nothing. */
const SILENT = /query read timeout|timeout expired|connection timeout/i;
/** Of its pool, for what waits behind other questions. Elsewhere that is a busy service; this pool has nothing else to do. */
const BEHIND = /timeout exceeded when trying to connect/i;

function toViewError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  if (SILENT.test(message)) {
    return new AppError('unavailable', `PostgreSQL does not answer within ${ANSWER_MS} ms.`);
  }
  if (BEHIND.test(message)) {
    return new AppError(
      'unavailable',
      `It could not be asked: PostgreSQL does not answer within ${ANSWER_MS} ms what was asked before.`,
    );
  }
  return toAppError(error);
}

/** A connection that breaks fails its statement, which says so. */
function ignore(): void {}
