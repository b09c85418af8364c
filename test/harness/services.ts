import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readHostEnvironment } from '../../config.ts';
import { startPostgres } from '../../providers/postgres-server/start-postgres.ts';
import { findTemporalCli } from '../../providers/temporal-server/find-cli.ts';
import { startTemporal } from '../../providers/temporal-server/start-temporal.ts';

/** Where the services of one test or bench run are reached. */
export interface ServiceAddresses {
  /** Superuser, on database `postgres`. */
  postgresAdminUrl: string;
  /** The service's role, on its default database. */
  postgresUrl: string;
  /** Of Temporal's gRPC service: `unix:` and a path, or host:port; connections of providers/temporal-server take both. */
  temporalAddress: string;
  /** `unix:` and a path, or an http URL. */
  temporalUiUrl: string;
}

export interface Services extends ServiceAddresses {
  /** Where both keep their data. */
  dataDir: string;
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL and a Temporal dev server of their own in a temporary folder, on free ports and sockets. `stop` ends them and
 * removes the folder; so does a guard process when this one is killed.
 */
export async function startServices(): Promise<Services> {
  const host = readHostEnvironment();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'managed-agent-test-'));
  // PostgreSQL started by root runs under another account, which must get through.
  chmodSync(dataDir, 0o711);
  const say = () => {};
  const log = (name: string) => path.join(dataDir, 'logs', `${name}.log`);
  try {
    const cli = await findTemporalCli(host);
    const [postgres, temporal] = await Promise.all([
      startPostgres({ dataDir, logFile: log('postgres'), ...host, say }),
      startTemporal({
        cli,
        dataDir,
        logFile: log('temporal'),
        runtimeDir: host.runtimeDir,
        tempDir: host.tempDir,
        port: 0,
        uiPort: 0,
        namespace: 'default',
        retentionDays: 30,
        environment: host.variables,
        say,
      }),
    ]);
    const guard = startGuard([postgres.process.pid, temporal.process.pid], dataDir);
    return {
      dataDir,
      postgresAdminUrl: postgres.adminUrl,
      postgresUrl: postgres.url,
      temporalAddress: temporal.address,
      temporalUiUrl: temporal.uiUrl,
      async stop() {
        guard.kill('SIGKILL');
        await Promise.all([postgres.stop(), temporal.stop()]);
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
}

/** A shell that waits until our end of its standard input closes, as it does when we are killed, and then clears up. */
function startGuard(pids: number[], dataDir: string) {
  const script = 'cat >/dev/null; kill -QUIT "$1"; kill -KILL "$2"; sleep 1; rm -rf -- "$3"';
  const guard = spawn('/bin/sh', ['-c', script, 'guard', ...pids.map(String), dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  // The pipe must not keep this process alive.
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return guard;
}
