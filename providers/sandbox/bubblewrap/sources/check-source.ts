import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { join, relative } from 'node:path';

import { AppError } from '../../../../core/errors.ts';

/** What must lie at a path of the host that is bound into a sandbox. */
export interface Source {
  path: string;
  type: 'folder' | 'file';
  /** Whether this user may own it. */
  isOwner(uid: number): boolean;
}

/** Names a file without opening it for reading, which its mode may forbid; Node has no name for it. */
const O_PATH = 0o10000000;

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a link';
  if (stats.isDirectory()) return 'a folder';
  return stats.isFile() ? 'a file' : 'a special file';
}

function refuse(path: string, why: string): AppError {
  return new AppError(
    'sandbox_unavailable',
    `The sandbox is not started: ${path} ${why}. Somebody changed it: look at it, and put it right or delete the session.`,
  );
}

/** Opens one name in an open folder; a link is opened itself. */
function openIn(folder: string, name: string, path: string): number {
  try {
    return openSync(`${folder}/${name}`, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw refuse(path, 'is missing');
    throw error;
  }
}

/**
 * Checks what is about to be bound into a sandbox: each name below `root` is opened without following a link, in the folder that was
 * opened before it, and the last one must be of the type and the owner that are expected. bwrap itself would follow links, with the
 * rights of the service.
 *
 * Throws `sandbox_unavailable` with the path and what is wrong with it.
 *
 * @param root - a folder of the service, which no sandbox reaches.
 */
export function checkSource(root: string, { path, type, isOwner }: Source): void {
  const names = relative(root, path).split('/');
  const opened = [openSync(root, O_PATH | constants.O_DIRECTORY)];
  try {
    let reached = root;
    for (const [index, name] of names.entries()) {
      reached = join(reached, name);
      opened.push(openIn(`/proc/self/fd/${opened.at(-1)}`, name, reached));
      const stats = fstatSync(opened.at(-1) ?? -1);
      const wanted = index === names.length - 1 ? type : 'folder';
      if (wanted === 'folder' ? !stats.isDirectory() : !stats.isFile())
        throw refuse(reached, `is ${kindOf(stats)}, where a ${wanted} must be`);
      if (index === names.length - 1 && !isOwner(stats.uid))
        throw refuse(reached, `belongs to user ${stats.uid}`);
    }
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
