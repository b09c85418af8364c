import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

/**
 * The processes that run `program` (the file name of their executable) with `folder` as their current folder: a server whose data lies
 * there, found without any note of its pid. Linux only; elsewhere there are none to be seen.
 */
export function processesInFolder(folder: string, program: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const target = realpathSync(folder);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readLink(pid, 'cwd') === target && path.basename(readLink(pid, 'exe') ?? '') === program)
    .map((pid) => identifyProcess(pid))
    .filter((identity) => identity !== null);
}

/** Null when the process has ended or is another user's. */
function readLink(pid: number, name: 'cwd' | 'exe'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return null;
  }
}
