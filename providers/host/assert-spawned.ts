import type { ChildProcess } from 'node:child_process';

/**
 * To be called right after `spawn`, before the child's pipes are used: throws when there are no file descriptors for it. Node then gives a child
 * without any pipes, and tells why by an event that ends whoever does not listen yet. Other failures are left to the child's `error`.
 */
export function assertSpawned(child: ChildProcess): void {
  // The types say that it is always there.
  if ((child.stdio as readonly unknown[] | undefined) !== undefined) return;
  child.on('error', () => undefined);
  throw Object.assign(
    new Error('no process can be started: too many files are open (ulimit -n, fs.file-max)'),
    { code: 'EMFILE' },
  );
}
