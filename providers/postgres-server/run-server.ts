import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import { lastOfLog } from '../host/log-file.ts';
import { isAlive, type ProcessIdentity } from '../host/process-identity.ts';
import { spawnDetached } from '../host/spawn-detached.ts';
import type { SystemUser } from '../host/system-user.ts';
import type { PostgresBinaries } from './binaries.ts';
import { endPostmaster, isReady } from './postmaster.ts';

export interface ServerRun {
  clusterDir: string;
  /** Folder of its socket, used by no other server. */
  socketDir: string;
  binaries: PostgresBinaries;
  args: string[];
  user: SystemUser | null;
  logFile: string;
  /** Longest that a start may take, recovery after a crash included. */
  timeoutMs?: number;
  /** Gives the start up. */
  signal?: AbortSignal | undefined;
}

/** The program of a server. */
export function serverProgram(binaries: PostgresBinaries): string {
  return path.join(binaries.folder, 'bin', 'postgres');
}

/**
 * Starts a server on a cluster's files and waits until it takes connections. Throws `bad_config` with the end of its log when it ends
 * instead, `unavailable` when it is not ready in time; then it does not run.
 */
export async function runServer(run: ServerRun): Promise<ProcessIdentity> {
  // A killed server leaves its socket with a lock file, and the next one believes in it while that pid is anybody's, even a zombie's.
  for (const name of readdirSync(run.socketDir)) rmSync(path.join(run.socketDir, name), { force: true });
  const child = await spawnDetached({
    command: serverProgram(run.binaries),
    args: run.args,
    environment: { LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: 'UTC' },
    folder: '/',
    logFile: run.logFile,
    ...(run.user && { user: run.user }),
  });
  let ready: boolean;
  try {
    ready = await becomesReady(child, run);
  } catch (error) {
    await endPostmaster(child, run.clusterDir);
    throw error;
  }
  if (ready) return child;
  throw new AppError(
    'bad_config',
    `PostgreSQL ended right after its start. The end of ${run.logFile}:\n${lastOfLog(run.logFile)}`,
  );
}

/**
 * Waits until the server takes connections; false when it ends instead. Throws `unavailable` when neither happens in time, and the
 * signal's reason when that aborts.
 */
export async function becomesReady(
  running: ProcessIdentity,
  {
    clusterDir,
    logFile,
    timeoutMs = 120_000,
    signal,
  }: Pick<ServerRun, 'clusterDir' | 'logFile' | 'timeoutMs' | 'signal'>,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(running)) {
    signal?.throwIfAborted();
    if (isReady(clusterDir)) return true;
    if (performance.now() >= deadline) {
      throw new AppError('unavailable', `PostgreSQL is not ready after ${timeoutMs} ms; see ${logFile}.`);
    }
    await sleep(10);
  }
  return false;
}
