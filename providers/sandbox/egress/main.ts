/**
 * The egress process of a host: one HTTP proxy per session, each on a unix socket that only that session's sandbox can reach. It runs as
 * a user of its own, holds no secret but the proxy's password, and outlives the workers, so that commands keep their network when a worker dies.
 */
import { chmodSync, ftruncateSync, rmSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { boundDecisions, type BoundedDecisions } from '../../network/bounded-decisions.ts';
import type { NetworkPolicy } from '../../network/policy.ts';
import { useNetwork } from '../../network/outbound-network.ts';
import type { NetworkSettings } from '../../network/proxy-route.ts';
import { createPublicHosts, type PublicHosts } from '../../network/public-hosts.ts';
import { createSessionProxy } from './session-proxy.ts';
import { createWatchers } from './watchers.ts';

/** The first argument, as JSON. */
export interface EgressSettings {
  /** Private networks that the operator opened. */
  exceptions: string[];
}
/** Body of `PUT /sessions/ID`. */
export interface EgressSession {
  policy: NetworkPolicy;
  socket: string;
}

/** The control socket, made by whoever started this process. */
const CONTROL_DESCRIPTOR = 3;
const LOG_BYTES = 10 * 1024 * 1024;
/** Most that is said of a session: some thousand hosts. */
const SESSION_BYTES = 4 * 1024 * 1024;
/** Without anybody who watches it the process ends after this long without a connection, or without a session. */
const ALONE_MS = 15 * 60_000;
const EMPTY_MS = 30_000;

const settings = JSON.parse(process.argv[2] ?? '{"exceptions":[]}') as EgressSettings;
let known = createPublicHosts({ privateNetworks: settings.exceptions });
/** Proxies that are open follow the way out that is told last. */
const hosts: PublicHosts = { resolve: (...asked) => known.resolve(...asked) };
const proxies = new Map<string, { proxy: Server; decisions: BoundedDecisions }>();
const watchers = createWatchers();
let written = 0;
let lastUse = Date.now();

function report(line: string): void {
  lastUse = Date.now();
  watchers.tell(line);
  try {
    if (written > LOG_BYTES) {
      ftruncateSync(1, 0);
      written = 0;
    }
    written += writeSync(1, line);
  } catch {
    // A full disk takes the log, but must not take the network of all sessions: this is called for each connection.
  }
}

function closeProxy(id: string): void {
  const found = proxies.get(id);
  proxies.delete(id);
  found?.proxy.close();
  found?.proxy.closeAllConnections();
  found?.decisions.flush();
}

async function openProxy(id: string, { policy, socket }: EgressSession): Promise<void> {
  closeProxy(id);
  const decisions = boundDecisions((told) =>
    report(`${JSON.stringify({ time: new Date().toISOString(), session: id, ...told })}\n`),
  );
  const proxy = createSessionProxy({ policy, hosts, asker: id, decided: decisions.decided });
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    proxy.once('error', reject);
    proxy.listen(socket, resolve);
  });
  chmodSync(socket, 0o660);
  proxies.set(id, { proxy, decisions });
}

async function bodyOf<Body>(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const part = chunk as Buffer;
    size += part.length;
    if (size > SESSION_BYTES) throw new RangeError('the request is too large');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as Body;
}

async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
  lastUse = Date.now();
  const id = /^\/sessions\/([A-Za-z0-9_-]+)$/.exec(request.url ?? '')?.[1];
  if (request.method === 'GET' && request.url === '/events') {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('\n');
    watchers.add(response);
    return;
  }
  if (request.method === 'POST' && request.url === '/end') {
    response.end('{}', () => process.exit(0));
    return;
  }
  if (request.method === 'PUT' && request.url === '/network') {
    const network = await bodyOf<NetworkSettings>(request);
    useNetwork(network);
    known = createPublicHosts({ privateNetworks: settings.exceptions, network });
  } else if (request.method === 'PUT' && id !== undefined)
    await openProxy(id, await bodyOf<EgressSession>(request));
  else if (request.method === 'DELETE' && id !== undefined) closeProxy(id);
  response.end('{}');
}

createServer((request, response) => {
  control(request, response).catch((error: unknown) => {
    response.writeHead(500).end(error instanceof Error ? error.message : 'failed');
  });
}).listen({ fd: CONTROL_DESCRIPTOR });

setInterval(() => {
  const patience = proxies.size === 0 ? EMPTY_MS : ALONE_MS;
  if (watchers.size === 0 && Date.now() - lastUse > patience) process.exit(0);
}, 10_000).unref();
// A connection that breaks in an odd place must not take every session's network away.
process.on('uncaughtException', (error) =>
  report(`${JSON.stringify({ time: new Date().toISOString(), error: error.stack ?? error.message })}\n`),
);
