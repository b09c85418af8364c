import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { EgressDecision } from '../../network/egress-decision.ts';
import { normalHost, refusalOf, type NetworkPolicy } from '../../network/policy.ts';
import type { PublicHosts } from '../../network/public-hosts.ts';
import { readOpening } from './server-name.ts';

export interface SessionProxyDeps {
  policy: NetworkPolicy;
  hosts: PublicHosts;
  /** Whose names wait for each other. */
  asker: string;
  decided(decision: EgressDecision): void;
}

const CONNECT_MS = 10_000;
/** A tunnel over which nothing passes for this long is closed. */
const QUIET_MS = 15 * 60_000;
/** Connections of one session at once: all sessions of a host share the open files of one process. */
const MAX_CONNECTIONS = 512;

interface Target {
  host: string;
  port: number;
}

function targetOf(authority: string): Target | undefined {
  const parts = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(authority);
  const host = normalHost(parts?.[1] ?? '');
  const port = Number(parts?.[2]);
  return host === undefined || !(port > 0 && port < 65_536) ? undefined : { host, port };
}

/** Dials the checked addresses, one after the other. */
async function dial(addresses: readonly string[], port: number): Promise<Socket> {
  let last: unknown = new Error('there is no address to dial');
  for (const address of addresses) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connect({ host: address, port });
        const onLate = (): void => void socket.destroy(new Error('the connection timed out'));
        socket.setTimeout(CONNECT_MS, onLate);
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('timeout', onLate);
          socket.setTimeout(QUIET_MS, () => socket.destroy());
          socket.off('error', reject);
          resolve(socket);
        });
      });
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

function join(client: Duplex, upstream: Socket): void {
  const end = (): void => {
    client.destroy();
    upstream.destroy();
  };
  client.on('error', end).once('close', end);
  upstream.on('error', end).once('close', end);
  client.pipe(upstream).pipe(client);
}

/**
 * The HTTP proxy of one session: CONNECT and absolute-form requests. It decides by name, resolves once, checks every address, and dials
 * only what it checked. In a limited environment the server name inside TLS must be the host that was asked for, so that an allowed
 * name can't be a cover for another.
 */
export function createSessionProxy(deps: SessionProxyDeps): Server {
  async function open(target: Target): Promise<Socket | { refusal: string; code: number }> {
    const { host, port } = target;
    const refusal = refusalOf(deps.policy, host);
    const resolution =
      refusal === undefined ? await deps.hosts.resolve(host, deps.asker) : { refusal, code: 403 as const };
    if ('refusal' in resolution) {
      deps.decided({ host, port, decision: 'refused', reason: resolution.refusal });
      return resolution;
    }
    try {
      const socket = await dial(resolution.addresses, port);
      deps.decided({ host, port, decision: 'allowed', address: socket.remoteAddress ?? '' });
      return socket;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.decided({ host, port, decision: 'allowed', reason: `the connection failed: ${reason}` });
      return { refusal: `the connection failed: ${reason}`, code: 502 };
    }
  }

  /** Waits for the client's first bytes and lets them through if they name the same host. */
  function guardServerName(client: Duplex, upstream: Socket, target: Target, head: Buffer): void {
    let seen = head;
    const look = (): boolean => {
      const opening = readOpening(seen);
      if (opening.kind === 'incomplete') return false;
      client.off('data', onData);
      upstream.off('data', onAnswer);
      // Clients name no address; whoever names no host may mean another one behind the same address.
      const nameless = isIP(target.host) === 0 ? undefined : target.host;
      const name = opening.kind === 'tls' ? (opening.serverName ?? nameless) : target.host;
      if (name === undefined || normalHost(name) !== target.host) {
        const reason = name === undefined ? 'TLS names no server' : `the server name inside TLS is ${name}`;
        deps.decided({ ...target, decision: 'refused', reason });
        client.destroy();
        upstream.destroy();
        return true;
      }
      upstream.write(seen);
      join(client, upstream);
      return true;
    };
    const onData = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      look();
    };
    client.on('data', onData);
    client.on('error', () => upstream.destroy()).once('close', () => upstream.destroy());
    // It may have ended while the connection was made.
    if (client.readableEnded) upstream.end();
    else client.once('end', () => upstream.end());
    // In a protocol where the server speaks first the client waits for it.
    const onAnswer = (chunk: Buffer): void => {
      client.write(chunk);
    };
    upstream.on('data', onAnswer);
    upstream.on('error', () => client.destroy()).once('close', () => client.destroy());
    if (seen.length > 0) look();
  }

  async function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const target = targetOf(request.url ?? '');
    const upstream =
      target === undefined ? { refusal: 'the address is not understood', code: 400 } : await open(target);
    if (target === undefined || 'refusal' in upstream) {
      const { code, refusal } = upstream as { refusal: string; code: number };
      const text = `${refusal}\n`;
      client.end(
        `HTTP/1.1 ${code} Refused by the sandbox\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
      );
      return;
    }
    // Whoever left while the connection was made never says so again.
    if (client.destroyed) {
      upstream.destroy();
      return;
    }
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (deps.policy.mode === 'limited') {
      guardServerName(client, upstream, target, head);
      return;
    }
    if (head.length > 0) upstream.write(head);
    join(client, upstream);
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (code: number, refusal: string): void => {
      response.writeHead(code, { 'content-type': 'text/plain', connection: 'close' }).end(`${refusal}\n`);
    };
    let url: URL;
    try {
      url = new URL(request.url ?? '');
    } catch {
      return refuse(400, 'this is a proxy: it takes CONNECT and absolute URLs');
    }
    const host = normalHost(url.hostname);
    if (url.protocol !== 'http:' || host === undefined || url.username !== '') {
      return refuse(400, 'only http URLs without a user are forwarded');
    }
    const port = url.port === '' ? 80 : Number(url.port);
    const upstream = await open({ host, port });
    if ('refusal' in upstream) return refuse(upstream.code, upstream.refusal);
    if (response.destroyed) {
      upstream.destroy();
      return;
    }
    const { 'proxy-connection': _, 'proxy-authorization': __, connection: ___, ...headers } = request.headers;
    const onward = httpRequest({
      createConnection: () => upstream,
      method: request.method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host, connection: 'close' },
    });
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', (error) => {
      if (response.headersSent) response.destroy();
      else refuse(502, error.message);
    });
    response.once('close', () => upstream.destroy());
    request.pipe(onward);
  }

  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connect', (request, client, head) => {
    client.on('error', () => client.destroy());
    tunnel(request, client, head).catch(() => client.destroy());
  });
  return server;
}
