import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { AppError } from '../../../core/errors.ts';
import { withHostLock } from '../host-lock.ts';
import type { IdRange } from './identity.ts';

/**
 * Gives each session folder its own block of user ids, host-wide: files keep their owner, so an id belongs to a session until the
 * session's folder is gone, whether its sandbox runs or not. Several instances of the service share one registry folder.
 */
export interface IdRegistry {
  /** The first id of the folder's block; the same one every time. */
  claim(sessionFolder: string): Promise<number>;
  /** Notes a block that the folder has by its own notes, where nobody else has it here. */
  adopt(sessionFolder: string, first: number): void;
  /** Gives the block back. The folder's files must be gone. */
  release(sessionFolder: string, first: number): void;
}

/** Whether the system knows one of the ids, as a user or group, or runs a process with it. */
async function isAnyKnown(ids: readonly number[]): Promise<boolean> {
  // Status 2: one or more were not found. Anything else but 0 means that nobody could say.
  const script =
    'for database in passwd group; do getent "$database" "$@"; case $? in 0|2) ;; *) exit 1;; esac; done';
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, 'known', ...ids.map(String)], {
    env: { PATH: '/usr/bin:/bin' },
  });
  if (stdout !== '') return true;
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && ids.includes(statSync(join('/proc', name)).uid);
    } catch {
      return false;
    }
  });
}

export function createIdRegistry(folder: string, range: IdRange, blockSize: number): IdRegistry {
  const slots = Math.floor(range.count / blockSize);
  const fileOf = (first: number): string => join(folder, String(first));
  const ownerOf = (first: number): string | undefined => {
    try {
      return readFileSync(fileOf(first), 'utf8');
    } catch {
      return undefined;
    }
  };

  async function search(sessionFolder: string): Promise<number> {
    const start = createHash('sha256').update(sessionFolder).digest().readUInt32LE(0) % slots;
    for (let step = 0; step < slots; step++) {
      const first = range.first + ((start + step) % slots) * blockSize;
      const owner = ownerOf(first);
      if (owner === sessionFolder) return first;
      // A folder that is gone can't own files any more.
      if (owner !== undefined && existsSync(owner)) continue;
      if (await isAnyKnown(Array.from({ length: blockSize }, (_, index) => first + index))) continue;
      writeFileSync(fileOf(first), sessionFolder, { mode: 0o600 });
      return first;
    }
    throw new AppError(
      'sandbox_unavailable',
      `All ${slots} user id blocks of the sandbox range are taken; destroy old sessions or widen the range.`,
    );
  }

  return {
    claim(sessionFolder) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return withHostLock(join(folder, '.lock'), () => search(sessionFolder));
    },
    adopt(sessionFolder, first) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      try {
        writeFileSync(fileOf(first), sessionFolder, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
    },
    release(sessionFolder, first) {
      if (ownerOf(first) === sessionFolder) rmSync(fileOf(first), { force: true });
    },
  };
}
