import { renameSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/** A socket that listens at `path` and is handed to a child as a descriptor. */
export interface ListeningSocket {
  descriptor: number;
  /** Closes this process's copy; the child's goes on listening at the same path. */
  release(): Promise<void>;
}

/**
 * The path is visible on the host only: the sandbox gets the socket itself, so nothing in it can put another one in its place. The
 * socket is made under another name first, since closing a server removes the name that it was made with.
 */
export async function listeningSocket(path: string): Promise<ListeningSocket> {
  const first = `${path}.new`;
  rmSync(first, { force: true });
  const server: Server & { _handle?: { fd: number } | null } = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: first, backlog: 512 }, resolve);
  });
  const descriptor = server._handle?.fd;
  if (descriptor === undefined || descriptor < 0) throw new Error(`the socket ${path} has no descriptor`);
  renameSync(first, path);
  return {
    descriptor,
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
