import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
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
  /** Sends a signal to all of its processes: SIGSTOP lets everything stand still. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Stops the server; `resume` starts it again on the same files. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'streams-postgres-'));
  // PostgreSQL started by root runs under another account, which must get through.
  await chmod(folder, 0o711);
  const start = (): Promise<PostgresServer> =>
    startPostgres({
      dataDir: path.join(folder, 'data'),
      logFile: path.join(folder, 'postgres.log'),
      runtimeDir: null,
      tempDir: folder,
      say: () => undefined,
    });
  let server = await start();
  const guard = startGuard(folder);
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
    async signal(signal) {
      const { pid } = server.process;
      // The postmaster first, so that it starts no more.
      process.kill(pid, signal);
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
      for (const child of children.trim().split(' ').filter(Boolean)) process.kill(Number(child), signal);
    },
    halt: () => server.stop(),
    async resume() {
      server = await start();
    },
    async stop() {
      guard.kill('SIGKILL');
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A shell that waits until our end of its standard input closes, as it does when we are killed, and then clears up. */
function startGuard(folder: string) {
  const script =
    'cat >/dev/null; kill -QUIT "$(head -n 1 "$1/data/postgres/postmaster.pid")"; sleep 1; rm -rf -- "$1"';
  const guard = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  // The pipe must not keep this process alive.
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return guard;
}
