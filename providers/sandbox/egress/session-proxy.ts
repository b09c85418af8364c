import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { EgressDecision } from '../../network/egress-decision.ts';
import { normalHost, refusalOf, type NetworkPolicy } from '../../network/policy.ts';
import type { PublicHosts } from '../../network/public-hosts.ts';
import { relay } from '../../network/relay.ts';
import { hostHeader, parseAuthority, type Target } from './authority.ts';
import { dial } from './dial.ts';
import { createGuardedTunnels } from './guarded-tunnel.ts';
import { HEAD_BYTES, passOn } from './pass-on.ts';
import { createPipelining } from './pipelining.ts';
import { refuse } from './refuse.ts';

export interface SessionProxyDeps {
  policy: NetworkPolicy;
  hosts: PublicHosts;
  /** Whose names wait for each other. */
  asker: string;
  decided(decision: EgressDecision): void;
  /** How long a client may take to say what it wants, milliseconds. */
  speakMs?: number;
}

/** Connections of one session at once: all sessions of a host share the open files and the memory of one process. */
const MAX_CONNECTIONS = 512;
/** Clients speak at once. */
const SPEAK_MS = 30_000;

/**
 * The HTTP proxy of one session: CONNECT and absolute-form requests. It decides by name, resolves once, checks every address, and dials
 * only what it checked. In a limited environment only TLS and HTTP get through, and what they name inside must be the host that was asked
 * for, so that an allowed name can't be a cover for another. What it holds of a connection is bounded by the buffers of its two ends.
 */
export function createSessionProxy(deps: SessionProxyDeps): Server {
  const { speakMs = SPEAK_MS } = deps;
  const guarded = deps.policy.mode === 'limited' ? createGuardedTunnels(deps.decided, speakMs) : undefined;

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

  async function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const target = parseAuthority(request.url ?? '');
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
    if (guarded !== undefined) {
      await guarded({ client, head, upstream, target });
      return;
    }
    if (head.length > 0) client.unshift(head);
    await relay(client, upstream);
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '');
    if (url === null) return refuse(response, 400, 'this is a proxy: it takes CONNECT and absolute URLs');
    const host = normalHost(url.hostname);
    if (url.protocol !== 'http:' || host === undefined || url.username !== '' || url.password !== '') {
      return refuse(response, 400, 'only http URLs without a user are forwarded');
    }
    const target = { host, port: url.port === '' ? 80 : Number(url.port) };
    const upstream = await open(target);
    if ('refusal' in upstream) return refuse(response, upstream.code, upstream.refusal);
    if (response.destroyed) {
      upstream.destroy();
      return;
    }
    const onward = {
      by: { connection: upstream },
      path: `${url.pathname}${url.search}`,
      host: hostHeader(target),
    };
    await passOn(request, response, onward, (code, why) => refuse(response, code, why));
    upstream.destroy();
  }

  const server = createServer(
    { maxHeaderSize: HEAD_BYTES, headersTimeout: speakMs, requestTimeout: 0 },
    createPipelining().inOrder(forward),
  );
  server.maxHeadersCount = 0;
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Node itself forgets a connection when it becomes a tunnel.
  server.closeAllConnections = () => sockets.forEach((socket) => socket.destroy());
  server.on('connect', (request, client, head) => {
    client.on('error', () => client.destroy());
    tunnel(request, client, head).catch(() => client.destroy());
  });
  return server;
}
