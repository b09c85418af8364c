import { Client } from 'pg';
import { AppError } from '../../../core/errors.ts';
import { backendOf } from '../../postgres-client/server-session.ts';

/** Other clients that hold a transaction open while we look whether our session stays ours. */
const NEIGHBOURS = 3;
const STATEMENT_MS = 5_000;

/**
 * Makes sure that a connection to this URL keeps its server session, as LISTEN and advisory locks need it. Rejects with `bad_config`
 * when a transaction pooler stands in between, and with `pg`'s error when PostgreSQL does not answer.
 */
export async function refusePooler(url: string): Promise<void> {
  const open: Client[] = [];
  const connect = async () => {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: STATEMENT_MS,
      query_timeout: STATEMENT_MS,
      application_name: 'managed-agent pooler check',
    });
    client.on('error', () => undefined);
    open.push(client);
    await client.connect();
    return client;
  };
  try {
    const own = await connect();
    const session = await presentBackendOf(own);
    // The server names its process at the start of a connection; a pooler has to make a number up.
    if (backendOf(own) === session) return;
    for (let index = 0; index < NEIGHBOURS; index++) {
      const neighbour = await connect();
      await neighbour.query('BEGIN').catch((error: unknown) => {
        // A pooler that shares sessions between statements allows no transactions at all.
        throw isProtocolViolation(error) ? pooler() : error;
      });
      if ((await presentBackendOf(neighbour)) === session) throw pooler();
    }
    if ((await presentBackendOf(own)) !== session) throw pooler();
  } finally {
    for (const client of open) client.end().catch(() => undefined);
  }
}

async function presentBackendOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

function isProtocolViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '08P01';
}

function pooler(): AppError {
  return new AppError(
    'bad_config',
    'store.direct_url (or, when it is not set, store.url) leads through a pooler that shares server sessions between transactions. LISTEN and locks need a session of their own: set store.direct_url to the PostgreSQL server itself, or to a pool in session mode.',
  );
}
