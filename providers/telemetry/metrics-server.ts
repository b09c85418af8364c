import { createServer, type Server, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import type { Readiness } from '../health/readiness.ts';
import type { SystemStatus } from '../health/system-status.ts';
import type { Metrics } from './metrics.ts';

/** Serves what is to be known of a worker. */
export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

/** What it serves; `metrics` null: none. */
export interface ServedByWorker {
  metrics: Pick<Metrics, 'text' | 'contentType'> | null;
  readiness: Readiness;
  status: SystemStatus;
}

/**
 * Serves `/metrics`, and `/livez`, `/readyz` and `/status` as the api does, without a key: the address should be one that only operators
 * reach. On loopback it answers nobody who came by a name that a web page could have bent to this machine. Rejects when the address is taken.
 */
export async function startMetricsServer(
  { metrics, readiness, status }: ServedByWorker,
  address: { host: string; port: number },
): Promise<MetricsServer> {
  const isOnLoopback = /^(127\.|::1$|localhost$)/.test(address.host);

  async function serve(path: string, response: ServerResponse): Promise<void> {
    switch (path) {
      case '/metrics': {
        if (metrics === null) return void response.writeHead(404).end();
        const text = await metrics.text();
        return void response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
      }
      case '/livez':
      case '/healthz':
        return json(response, 200, { status: 'ok' });
      case '/readyz': {
        const { ready, checks } = await readiness.report();
        return json(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready', checks });
      }
      case '/status': {
        const report = await status.report();
        return json(response, report.status === 'down' ? 503 : 200, report);
      }
      default:
        response.writeHead(404).end();
    }
  }

  const server: Server = createServer((request, response) => {
    if (isOnLoopback && !isOwnName(request.headers.host)) {
      response.writeHead(403).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const path = (request.url ?? '').replace(/\?.*$/s, '');
    serve(path, response).catch(() => response.writeHead(500).end());
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

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Browsers send the name that a page was loaded from, and DNS may let any name point here; an address they cannot be made to send. */
function isOwnName(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') ?? '';
  return name === 'localhost' || isIP(name) !== 0;
}
