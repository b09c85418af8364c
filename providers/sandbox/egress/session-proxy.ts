import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { EgressDecision } from '../../network/egress-decision.ts';
import { normalHost, refusalOf, type NetworkPolicy } from '../../network/policy.ts';
import type { PublicHosts } from '../../network/public-hosts.ts';
import { dialByProxy } from '../../network/dial-by-proxy.ts';
import { proxyName, type ProxyServer } from '../../network/proxy-server.ts';
import { authorityOf, connectToProxy, proxyRefusal } from '../../network/proxy-tunnel.ts';
import { relay } from '../../network/relay.ts';
import { hostHeader, parseAuthority, type Target } from './authority.ts';
import { closedWhenQuiet, dial } from './dial.ts';
import { createGuardedTunnels } from './guarded-tunnel.ts';
import { HEAD_BYTES, passOn, type Onward } from './pass-on.ts';
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

/** The port of HTTP without TLS. */
const PLAIN_PORT = 80;

/** `asked`: the proxy of the network, at the connection's other end. */
type Opened = { socket: Socket; asked: ProxyServer | null };
type Refused = { refusal: string; code: number };

/** What a request tells the proxy of the network, and which of its answers are for nobody in the sandbox. */
function forProxy(proxy: ProxyServer, target: Target): Pick<Onward, 'headers' | 'refusalOf'> {
  return {
    headers: proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization },
    refusalOf: (status) =>
      status === 407 ? proxyRefusal(proxy, status, authorityOf(target)).message : undefined,
  };
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

  /** `plainly`: plain HTTP, which a proxy is asked for by its name in the first line of the request. */
  async function open(target: Target, kind: 'tunnel' | 'plainly'): Promise<Opened | Refused> {
    const { host, port } = target;
    const refusal = refusalOf(deps.policy, host);
    const to = { port, isTls: kind === 'tunnel' && port !== PLAIN_PORT };
    const resolution =
      refusal === undefined
        ? await deps.hosts.resolve(host, deps.asker, undefined, to)
        : { refusal, code: 403 as const };
    if ('refusal' in resolution) {
      deps.decided({ host, port, decision: 'refused', reason: resolution.refusal });
      return resolution;
    }
    try {
      const { addresses, by } = resolution;
      const asked = by !== undefined && by.isByName && kind === 'plainly' ? by.proxy : null;
      const socket =
        by === undefined
          ? await dial(addresses, port)
          : closedWhenQuiet(asked === null ? await dialByProxy(by, port) : await connectToProxy(asked));
      const address = by === undefined ? (socket.remoteAddress ?? '') : `by proxy ${proxyName(by.proxy)}`;
      deps.decided({ host, port, decision: 'allowed', address });
      return { socket, asked };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      deps.decided({ host, port, decision: 'allowed', reason: `the connection failed: ${reason}` });
      return { refusal: `the connection failed: ${reason}`, code: 502 };
    }
  }

  async function tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const target = parseAuthority(request.url ?? '');
    const upstream =
      target === undefined
        ? { refusal: 'the address is not understood', code: 400 }
        : await open(target, 'tunnel');
    if (target === undefined || 'refusal' in upstream) {
      const { code, refusal } = upstream as Refused;
      const text = `${refusal}\n`;
      client.end(
        `HTTP/1.1 ${code} Refused by the sandbox\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
      );
      return;
    }
    // Whoever left while the connection was made never says so again.
    const { socket } = upstream;
    if (client.destroyed) {
      socket.destroy();
      return;
    }
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (guarded !== undefined) {
      await guarded({ client, head, upstream: socket, target });
      return;
    }
    if (head.length > 0) client.unshift(head);
    await relay(client, socket);
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '');
    if (url === null) return refuse(response, 400, 'this is a proxy: it takes CONNECT and absolute URLs');
    const host = normalHost(url.hostname);
    if (url.protocol !== 'http:' || host === undefined || url.username !== '' || url.password !== '') {
      return refuse(response, 400, 'only http URLs without a user are forwarded');
    }
    const target = { host, port: url.port === '' ? 80 : Number(url.port) };
    const upstream = await open(target, 'plainly');
    if ('refusal' in upstream) return refuse(response, upstream.code, upstream.refusal);
    const { socket, asked } = upstream;
    if (response.destroyed) {
      socket.destroy();
      return;
    }
    const path = `${url.pathname}${url.search}`;
    const onward = {
      by: { connection: socket },
      path: asked === null ? path : `http://${hostHeader(target)}${path}`,
      host: hostHeader(target),
      ...(asked === null ? {} : forProxy(asked, target)),
    };
    await passOn(request, response, onward, (code, why) => refuse(response, code, why));
    socket.destroy();
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
