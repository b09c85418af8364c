import { connect, createServer } from 'node:net';

/** Whether a TCP port can be listened on. Another process may take it right afterwards. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return listen(port, host).then((free) => free !== null);
}

/** Whether somebody listens there. Unlike {@link isPortFree} it never stands in the way of a program that opens the port. */
export function isListening(where: { host: string; port: number } | { path: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(where);
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/** A TCP port that nobody listens on. Another process may take it before the caller does, so a caller retries with a new one. */
export async function pickFreePort(host = '127.0.0.1'): Promise<number> {
  const port = await listen(0, host);
  if (port === null) throw new Error(`No port can be opened on ${host}.`);
  return port;
}

function listen(port: number, host: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}
