import {
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { FileFailure } from './failure.ts';

/** The path that a write goes to: links are followed, also one whose target does not exist yet is refused rather than guessed. */
function targetOf(path: string, shownPath: string): { target: string; mode: number | undefined } {
  try {
    const target = realpathSync(path);
    const stats = statSync(target);
    if (stats.isDirectory()) throw new FileFailure(`cannot write ${shownPath}: it is a directory`);
    if (!stats.isFile()) throw new FileFailure(`cannot write ${shownPath}: it is not a regular file`);
    return { target, mode: stats.mode & 0o7777 };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  let dangling = true;
  try {
    lstatSync(path);
  } catch {
    dangling = false;
  }
  if (dangling)
    throw new FileFailure(
      `cannot write ${shownPath}: it is a symbolic link to something that does not exist`,
    );
  mkdirSync(dirname(path), { recursive: true });
  return { target: join(realpathSync(dirname(path)), basename(path)), mode: undefined };
}

/**
 * Writes a file as a whole: readers see the old content or the new, never a part, also when the sandbox dies in the middle. Called as
 * the agent. Returns how many bytes were written.
 */
export function writeWholeFile(path: string, shownPath: string, content: string): number {
  const { target, mode } = targetOf(path, shownPath);
  const bytes = Buffer.from(content.toWellFormed(), 'utf8');
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, 100)}.${process.pid}-${Date.now()}.tmp`,
  );
  const descriptor = openSync(temporary, 'wx', 0o644);
  try {
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(descriptor, bytes, written);
      if (mode !== undefined) fchmodSync(descriptor, mode);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return bytes.length;
}
