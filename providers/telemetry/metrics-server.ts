import { createServer, type Server } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/** Serves a worker's metrics. */
export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` alone, without a key: the address should be one that only operators reach. On loopback it answers nobody who came by
 * a name that a web page could have bent to this machine. Rejects when the address is taken.
 */
export async function startMetricsServer(
  metrics: Pick<Metrics, 'text' | 'contentType'>,
  address: { host: string; port: number },
): Promise<MetricsServer> {
  const isOnLoopback = /^(127\.|::1$|localhost$)/.test(address.host);
  const server: Server = createServer((request, response) => {
    if (isOnLoopback && !isOwnName(request.headers.host)) {
      response.writeHead(403).end();
      return;
    }
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    url: `http://${host}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Browsers send the name that a page was loaded from, and DNS may let any name point here; an address they cannot be made to send. */
function isOwnName(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') ?? '';
  return name === 'localhost' || isIP(name) !== 0;
}
