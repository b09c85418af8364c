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
export function sizedUsage(folder: string, look: AsAgent): DiskUsage {
  const { blocks, bfree, bsize, files, ffree } = statfsSync(folder);
  const others = listProcesses().filter((row) => row.pid !== process.pid);
  const deleted = look(() => deletedFiles(others, new Set([statSync(folder).dev])));
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

/**
 * Measures the folders as sandboxd itself, who can look into those that the agent closed. Rejects when `du` cannot be run or takes longer
 * than a minute.
 */
export async function diskUsage(
  folders: readonly string[],
  environment: Record<string, string>,
  look: AsAgent,
): Promise<DiskUsage> {
  const { stdout } = await promisify(execFile)('sh', ['-c', SCRIPT, 'du', ...folders], {
    env: environment,
    cwd: '/',
    timeout: MEASURE_MS,
  });
  const [bytes = 0, files = 0] = stdout.split('\n').map((line) => Number(line.split('\t')[0]));
  const others = listProcesses().filter((row) => row.pid !== process.pid);
  const devices = new Set(folders.map((folder) => statSync(folder).dev));
  const deleted = look(() => deletedFiles(others, devices));
  return {
    bytes: bytes + deleted.bytes,
    files,
    deletedBytes: deleted.bytes,
    holders: deleted.holders,
  };
}
