import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from 'node:fs';

import { FileFailure } from './failure.ts';

export interface OpenFile {
  descriptor: number;
  stats: Stats;
  /** Where it really lies, with links resolved. */
  realPath: string;
}

/**
 * Opens a regular file for reading. Called as the agent. What was opened is judged by its descriptor, so a path that is swapped
 * meanwhile changes nothing; opening without blocking keeps a fifo from hanging the server.
 */
export function openRegularFile(path: string, shownPath: string): OpenFile {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory())
      throw new FileFailure(`cannot read ${shownPath}: it is a directory; list it with glob or bash`);
    if (!stats.isFile()) throw new FileFailure(`cannot read ${shownPath}: it is not a regular file`);
    const realPath = process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${descriptor}`) : path;
    // Under /proc/self a path means this server, not the agent's shell.
    if (realPath.startsWith('/proc/') || realPath.startsWith('/sys/')) {
      throw new FileFailure(`cannot read ${shownPath}: files of the kernel are read with bash`);
    }
    return { descriptor, stats, realPath };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
