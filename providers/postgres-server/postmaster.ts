import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { endProcess } from '../host/end-process.ts';
import { identifyProcess, type ProcessIdentity } from '../host/process-identity.ts';
import { processesInFolder } from '../host/processes-in-folder.ts';

const SHUTDOWN = {
  /** Ends sessions and writes a checkpoint. */
  fast: [
    { signal: 'SIGINT' as const, waitMs: 20_000 },
    { signal: 'SIGQUIT' as const, waitMs: 5_000 },
  ],
  /** Leaves the rest to recovery at the next start. */
  immediate: [{ signal: 'SIGQUIT' as const, waitMs: 1_000 }],
};

/** The major version that wrote a cluster's files, such as `18`; null when there are none. */
export function majorOf(clusterDir: string): string | null {
  const file = path.join(clusterDir, 'PG_VERSION');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** The server that runs on a cluster's files, or null. Its pid file alone proves nothing: the pid may belong to another program now. */
export function findPostmaster(clusterDir: string): ProcessIdentity | null {
  const file = path.join(clusterDir, 'postmaster.pid');
  if (!existsSync(file)) return null;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return runsOn(pid, clusterDir) ? identifyProcess(pid) : null;
}

/** Whether the server on these files says that it takes connections; the last line of its pid file tells. */
export function isReady(clusterDir: string): boolean {
  const file = path.join(clusterDir, 'postmaster.pid');
  return existsSync(file) && readFileSync(file, 'utf8').split('\n')[7]?.trim() === 'ready';
}

/** The command line that the last server on these files was started with, as it wrote it down. */
export function lastCommandLine(clusterDir: string): string | null {
  const file = path.join(clusterDir, 'postmaster.opts');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** How the server writes its command line into that file. */
export function commandLineOf(command: string, args: string[]): string {
  return [command, ...args.map((argument) => `"${argument}"`)].join(' ');
}

/** Ends a server, by force when it does not come to an end. Nothing that was committed is lost either way. */
export async function endPostmaster(
  postmaster: ProcessIdentity,
  clusterDir: string,
  mode: keyof typeof SHUTDOWN = 'fast',
): Promise<void> {
  await endProcess(postmaster, SHUTDOWN[mode]);
  await clearAfterCrash(clusterDir);
}

/**
 * Makes the files startable after their server was killed: its remaining processes, which hold the shared memory, are ended, and a
 * pid file whose pid is somebody else's by now is removed. Only for files on which no server runs.
 */
export async function clearAfterCrash(clusterDir: string): Promise<void> {
  for (const left of existsSync(clusterDir) ? processesInFolder(clusterDir, 'postgres') : []) {
    await endProcess(left, [{ signal: 'SIGQUIT', waitMs: 1_000 }]);
  }
  rmSync(path.join(clusterDir, 'postmaster.pid'), { force: true });
}

function runsOn(pid: number, clusterDir: string): boolean {
  if (process.platform === 'linux') {
    return processesInFolder(clusterDir, 'postgres').some((found) => found.pid === pid);
  }
  try {
    const line = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return line.includes('postgres') && line.includes(clusterDir);
  } catch {
    return false;
  }
}
