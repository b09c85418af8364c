import { connect, createServer, type Server } from 'node:net';

import { relay } from '../providers/network/relay.ts';

/** The port on which programs in the sandbox find their proxy. */
export const PROXY_PORT = 3128;

/** A proxy that was killed is back within a second: new connections wait for it instead of failing. */
const PATIENCE_MS = 5_000;
const PAUSE_MS = 25;

/**
 * Carries connections from the sandbox's loopback to the session's proxy outside, which is the only way out. Its socket may be
 * replaced while the sandbox runs: each connection opens it anew.
 */
export function startEgressRelay(
  target: string | { host: string; port: number },
  log: (message: string) => void,
  port = PROXY_PORT,
): Server {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const address = typeof target === 'string' ? { path: target } : target;
    const patience = performance.now() + PATIENCE_MS;
    client.on('error', () => client.destroy());
    const dial = (): void => {
      if (client.destroyed) return;
      const proxy = connect({ ...address, allowHalfOpen: true });
      const onFailed = (): void => {
        proxy.destroy();
        if (performance.now() < patience) setTimeout(dial, PAUSE_MS).unref();
        else client.destroy();
      };
      proxy.once('error', onFailed);
      proxy.once('connect', () => {
        proxy.off('error', onFailed);
        void relay(client, proxy);
      });
    };
    dial();
  });
  // Without its port the sandbox is cut off, but commands still run.
  server.on('error', (error) => log(`the egress relay cannot listen: ${error.message}`));
  server.listen(port, '127.0.0.1');
  server.unref();
  return server;
}
