import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startPostgres, type PostgresServer } from '../../providers/postgres-server/start-postgres.ts';

/** A PostgreSQL of a test's own, in a folder that goes away with it. */
export interface TestPostgres {
  url: string;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Ends the connections that call themselves so. */
  killBackends(applicationName: string): Promise<void>;
  /** Stops the server; `resume` starts it again on the same files. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'streams-postgres-'));
  const start = (): Promise<PostgresServer> =>
    startPostgres({
      dataDir: path.join(folder, 'data'),
      logFile: path.join(folder, 'postgres.log'),
      runtimeDir: null,
      tempDir: folder,
      say: () => undefined,
    });
  let server = await start();
  const query = async (sql: string, values: unknown[] = [], url = server.url) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    url: server.url,
    query,
    async killBackends(applicationName) {
      await query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
        [applicationName],
        server.adminUrl,
      );
    },
    halt: () => server.stop(),
    async resume() {
      server = await start();
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
