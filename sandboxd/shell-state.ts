import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { AsAgent } from './as-agent.ts';
import { STATE_END } from './shell-script.ts';

/** A saved state larger than this is dropped: it could not be passed to programs as their environment either. */
const STATE_BYTES = 1024 * 1024;

/** Whether a state file was written to its end. It lies where the agent can write, so it may be anything. */
function isWhole(file: string): boolean {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(descriptor);
    const end = Buffer.from(`${STATE_END}\n`);
    if (!fstatSync(descriptor).isFile() || size > STATE_BYTES || size < end.length) return false;
    const last = Buffer.alloc(end.length);
    return readSync(descriptor, last, 0, end.length, size - end.length) === end.length && last.equals(end);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes the state that call `id` saved the one that the next command starts with, unless the command was killed while saving. */
export function promoteShellState(asAgent: AsAgent, shellFolder: string, id: string): void {
  const next = join(shellFolder, id);
  asAgent(() => {
    try {
      if (isWhole(next)) renameSync(next, join(shellFolder, 'current'));
      else rmSync(next, { force: true });
    } catch {
      // Missing, a link, a folder: the command left no state, and the last one stands.
    }
  });
}

/** Forgets the carried working directory, variables and functions. */
export function forgetShellState(asAgent: AsAgent, shellFolder: string): void {
  asAgent(() => {
    rmSync(join(shellFolder, 'current'), { recursive: true, force: true });
  });
}
