import { connect, createServer } from 'node:net';

/** The port on which programs in the sandbox find their proxy. */
export const PROXY_PORT = 3128;

/**
 * Carries connections from the sandbox's loopback to the session's proxy outside, which is the only way out. Its socket may be
 * replaced while the sandbox runs: each connection opens it anew.
 */
export function startEgressRelay(
  target: string | { host: string; port: number },
  log: (message: string) => void,
): void {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const address = typeof target === 'string' ? { path: target } : target;
    const proxy = connect({ ...address, allowHalfOpen: true });
    const end = (): void => {
      client.destroy();
      proxy.destroy();
    };
    client.on('error', end);
    proxy.on('error', end);
    client.once('close', end);
    proxy.once('close', end);
    client.pipe(proxy).pipe(client);
  });
  // Without its port the sandbox is cut off, but commands still run.
  server.on('error', (error) => log(`the egress relay cannot listen: ${error.message}`));
  server.listen(PROXY_PORT, '127.0.0.1');
  server.unref();
}
