import { existsSync, mkdirSync } from 'node:fs';
import { Client } from 'pg';
import { AppError } from '../../core/errors.ts';
import type { ProcessIdentity } from '../host/process-identity.ts';
import { knownFolder, reachableFolder } from '../host/reachable-folder.ts';
import { removeSocketFolder, socketFolder } from '../host/socket-folder.ts';
import { unprivilegedUser } from '../host/system-user.ts';
import { packagedPostgres, runnableBy, type PostgresBinaries } from './binaries.ts';
import { ADMIN_ROLE, SERVICE_ROLE, clusterCredentials, socketUrl } from './credentials.ts';
import { initialiseCluster } from './initialise-cluster.ts';
import {
  clearAfterCrash,
  commandLineOf,
  endPostmaster,
  findPostmaster,
  lastCommandLine,
  majorOf,
} from './postmaster.ts';
import { provision } from './provision.ts';
import { becomesReady, runServer, serverProgram } from './run-server.ts';
import { serverArguments } from './server-options.ts';

/** A running PostgreSQL that belongs to a data folder. */
export interface PostgresServer {
  /** For the service: its own role and database, no superuser. */
  url: string;
  /** For the superuser, on database `postgres`. */
  adminUrl: string;
  process: ProcessIdentity;
  /** Whether it was running before, left by a supervisor that was killed. */
  adopted: boolean;
  logFile: string;
  /** Ends it: open transactions are rolled back, everything committed is on disk. Does nothing when it has ended. */
  stop(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Absolute; made if missing. One server per data folder; callers hold its lock. */
  dataDir: string;
  logFile: string;
  /** The user's own folder for sockets, null where the system has none, and the one for temporary files. */
  runtimeDir: string | null;
  tempDir: string;
  /** Gets a sentence for each thing a person should know, such as where the files lie. */
  say: (line: string) => void;
  /** Longest that a start may take, recovery after a crash included. */
  timeoutMs?: number;
  /** Gives the start up: it then rejects with the signal's reason, and no server runs on the folder. */
  signal?: AbortSignal;
}

/**
 * Starts the PostgreSQL of a data folder, or adopts the one that runs on it. Makes the cluster at the first call, as root under an
 * unprivileged account. After a crash the server recovers by itself; leftovers of the old one are ended first.
 * Throws `bad_config` when the files are of another major version or the server ends at once (with the end of its log), `unavailable`
 * when it does not answer in time.
 */
export async function startPostgres(options: PostgresServerOptions): Promise<PostgresServer> {
  const { dataDir, logFile, say } = options;
  if (!existsSync(dataDir))
    mkdirSync(dataDir, { recursive: true, mode: process.geteuid?.() === 0 ? 0o711 : 0o700 });
  const user = unprivilegedUser(say);
  if (user) say(`Started as root: PostgreSQL runs as ${user.name} (uid ${user.uid}).`);
  const clusterDir = reachableFolder({ dataDir, name: 'postgres', user, say });
  const binaries = runnableBy(user, packagedPostgres(), say);
  refuseOtherMajor(clusterDir, binaries);
  const socketDir = socketFolder({ ...options, name: 'postgres', owner: user });
  const credentials = clusterCredentials(dataDir);
  await initialiseCluster({ clusterDir, binaries, credentials, user });

  const args = serverArguments(clusterDir, socketDir);
  const url = socketUrl({
    role: SERVICE_ROLE,
    password: credentials.service,
    database: SERVICE_ROLE,
    socketDir,
  });
  const adminUrl = socketUrl({
    role: ADMIN_ROLE,
    password: credentials.admin,
    database: 'postgres',
    socketDir,
  });
  const server = (running: ProcessIdentity, adopted: boolean): PostgresServer => ({
    url,
    adminUrl,
    process: running,
    adopted,
    logFile,
    stop: async () => {
      await endPostmaster(running, clusterDir);
      removeSocketFolder(socketDir);
    },
  });

  const found = findPostmaster(clusterDir);
  if (found) {
    const healthy = await becomesReady(found, { ...options, clusterDir }).then(
      (ready) => ready && answers(url),
      async (error: unknown) => {
        if (options.signal?.aborted) await endPostmaster(found, clusterDir);
        throw error;
      },
    );
    const same = lastCommandLine(clusterDir) === commandLineOf(serverProgram(binaries), args);
    if (healthy && same) return server(found, true);
    const reason = healthy ? 'runs with other settings' : 'does not answer';
    say(`The PostgreSQL left on ${clusterDir} (pid ${found.pid}) ${reason}; it is replaced.`);
    await endPostmaster(found, clusterDir, healthy ? 'fast' : 'immediate');
  } else {
    await clearAfterCrash(clusterDir);
  }
  options.signal?.throwIfAborted();
  const child = await runServer({ ...options, clusterDir, socketDir, binaries, args, user });
  try {
    await provision(adminUrl, credentials.service);
  } catch (error) {
    await endPostmaster(child, clusterDir);
    throw error;
  }
  return server(child, false);
}

/** Ends the server that runs on a data folder, if any, whoever started it. */
export async function endPostgres(dataDir: string): Promise<void> {
  const clusterDir = knownFolder(dataDir, 'postgres');
  const found = findPostmaster(clusterDir);
  if (found) await endPostmaster(found, clusterDir);
}

function refuseOtherMajor(clusterDir: string, binaries: PostgresBinaries): void {
  const major = majorOf(clusterDir);
  if (major === null || major === binaries.major) return;
  throw new AppError(
    'bad_config',
    `${clusterDir} was written by PostgreSQL ${major}; this version of the service runs PostgreSQL ${binaries.major}. Stop the service and run: npm run migrate:postgres`,
  );
}

/** Whether a connection can be made and used. */
async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 3_000 });
  // A server that ends while we connect reports it as an event too.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
