import { execFile } from 'node:child_process';
import { statfsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

import type { AsAgent } from '../as-agent.ts';
import { listProcesses } from '../processes.ts';
import { deletedFiles } from './deleted-files.ts';

/** What a sandbox takes of the disk. */
export interface DiskUsage {
  /** With those of deleted files that are still open. */
  bytes: number;
  files: number;
  /** Of deleted files. */
  deletedBytes: number;
  /** Process groups that hold deleted files. */
  holders: ReadonlySet<number>;
}

/** What a file system that is all the sandbox's says of itself, at once and whatever hides in it. */
export function sizedUsage(folder: string, look: AsAgent, sizes?: Map<string, number>): DiskUsage {
  const { blocks, bfree, bsize, files, ffree } = statfsSync(folder);
  const others = listProcesses().filter((row) => row.pid !== process.pid);
  const deleted = look(() => deletedFiles(others, new Set([statSync(folder).dev]), sizes));
  return {
    bytes: (blocks - bfree) * bsize,
    files: files - ffree,
    deletedBytes: deleted.bytes,
    holders: deleted.holders,
  };
}

const MEASURE_MS = 60_000;
const SCRIPT =
  'du -s -x -c -B1 -- "$@" 2>/dev/null | tail -n 1; du -s -x -c --inodes -- "$@" 2>/dev/null | tail -n 1';

/** Of the two lines that `du` ends with. A command with the same user id may have ended it before. */
function totalsOf(stdout: string): [bytes: number, files: number] {
  const found = /^(\d+)\ttotal\n(\d+)\ttotal\n$/.exec(stdout);
  if (found === null) throw new Error(`du gave no totals, but ${JSON.stringify(stdout.slice(0, 200))}`);
  return [Number(found[1]), Number(found[2])];
}

/**
 * Measures the folders as sandboxd itself, who can look into those that the agent closed. Rejects when `du` cannot be run, was ended, or
 * takes longer than a minute.
 *
 * @param sizes - see {@link deletedFiles}.
 */
export async function diskUsage(
  folders: readonly string[],
  environment: Record<string, string>,
  look: AsAgent,
  sizes?: Map<string, number>,
): Promise<DiskUsage> {
  const { stdout } = await promisify(execFile)('sh', ['-c', SCRIPT, 'du', ...folders], {
    env: environment,
    cwd: '/',
    timeout: MEASURE_MS,
  });
  const [bytes, files] = totalsOf(stdout);
  const others = listProcesses().filter((row) => row.pid !== process.pid);
  const devices = new Set(folders.map((folder) => statSync(folder).dev));
  const deleted = look(() => deletedFiles(others, devices, sizes));
  return {
    bytes: bytes + deleted.bytes,
    files,
    deletedBytes: deleted.bytes,
    holders: deleted.holders,
  };
}
