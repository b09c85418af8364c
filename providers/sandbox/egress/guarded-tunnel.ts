import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { EgressDecision } from '../../network/egress-decision.ts';
import { normalHost } from '../../network/policy.ts';
import { relay } from '../../network/relay.ts';
import { hostHeader, parseAuthority, type Target } from './authority.ts';
import { createHelloGate } from './hello-gate.ts';
import { readOpening, type Opening } from './opening.ts';
import { beginOnward, HEAD_BYTES, onwardHeaders, passOn } from './pass-on.ts';
import { createPipelining } from './pipelining.ts';
import { refuse } from './refuse.ts';
import type { Hello } from './server-name.ts';

/** Between two requests; servers keep connections for about as long. */
const IDLE_MS = 75_000;
/** TLS: "unrecognized name", which clients show. */
const NAME_ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

/** A tunnel to a host that may be reached, with what the client sent behind its request. */
export interface Tunnel {
  client: Duplex;
  head: Buffer;
  upstream: Socket;
  target: Target;
}

/** Waits for what tells where a connection leads, and leaves it unread. Null: the client is gone. */
function openingOf({ client, head }: Tunnel, speakMs: number): Promise<Opening | 'silence' | null> {
  return new Promise((resolve) => {
    let seen = head;
    const settle = (result: Opening | 'silence' | null): void => {
      clearTimeout(timer);
      client.off('readable', onReadable).off('end', onGone).off('close', onGone);
      if (seen.length > 0 && !client.destroyed) client.unshift(seen);
      resolve(result);
    };
    const look = (): boolean => {
      const opening = readOpening(seen);
      if (opening.kind === 'incomplete') return false;
      settle(opening);
      return true;
    };
    const onReadable = (): void => {
      for (
        let chunk = client.read() as Buffer | null;
        chunk !== null;
        chunk = client.read() as Buffer | null
      ) {
        seen = Buffer.concat([seen, chunk]);
        if (look()) return;
      }
    };
    const onGone = (): void => settle(null);
    const timer = setTimeout(() => settle('silence'), speakMs);
    if (look()) return;
    if (client.readableEnded || client.destroyed) return onGone();
    client.on('readable', onReadable).once('end', onGone).once('close', onGone);
  });
}

/** What is wrong with a hello for this target, or undefined. */
function helloRefusal(hello: Hello, { host }: Target): string | undefined {
  switch (hello.kind) {
    case 'named':
      return normalHost(hello.serverName) === host
        ? undefined
        : `the server name inside TLS is ${hello.serverName}`;
    case 'nameless':
      // Clients name no address; whoever names no host may mean another one behind the same address.
      return isIP(host) === 0 ? 'TLS names no server' : undefined;
    case 'encrypted':
      return 'the hello of TLS may hide another server name (ECH); turn that off in the client';
    case 'nonsense':
      return 'TLS names no server';
  }
}

/** What is wrong with what a client began with, or undefined. */
function openingRefusal(opening: Opening | 'silence', target: Target): string | undefined {
  if (opening === 'silence') return 'the client said nothing, and only TLS and HTTP are let through';
  if (opening.kind === 'other') return opening.why;
  return opening.kind === 'tls' ? helloRefusal(opening.hello, target) : undefined;
}

/** What is wrong with a request inside a tunnel to this target, or undefined. */
function requestRefusal(request: IncomingMessage, { host }: Target): string | undefined {
  const named = request.rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() === 'host' ? [request.rawHeaders[at + 1] ?? ''] : [],
  );
  if (named.length !== 1) return 'a request inside the tunnel does not name one Host';
  if (parseAuthority(named[0] ?? '', 80)?.host !== host) return `the Host inside the tunnel is ${named[0]}`;
  const { url = '' } = request;
  return url.startsWith('/') || url === '*' ? undefined : 'a request inside the tunnel is for a proxy';
}

/**
 * What lets tunnels of a limited environment through, once they have said where they lead. It never rejects. TLS gets through under the name that was asked for. Requests of HTTP are parsed here, each of them is
 * for the host that was asked for, and they are written anew for the server. Nothing else gets through.
 *
 * @param speakMs - how long a client may take to say what it wants. Protocols in which the server speaks first end there.
 */
export function createGuardedTunnels(
  decided: (decision: EgressDecision) => void,
  speakMs: number,
): (tunnel: Tunnel) => Promise<void> {
  const tunnels = new WeakMap<object, Tunnel & { agent: Agent }>();
  const pipelining = createPipelining();
  const refused = ({ target }: Tunnel, reason: string): void =>
    decided({ ...target, decision: 'refused', reason });

  function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const tunnel = tunnels.get(request.socket);
    if (tunnel === undefined) return Promise.resolve(void response.destroy());
    const { agent, target } = tunnel;
    const wrong = requestRefusal(request, target);
    if (wrong !== undefined) {
      refused(tunnel, wrong);
      refuse(response, 403, wrong);
      return Promise.resolve();
    }
    const onward = { by: { agent }, path: request.url ?? '/', host: hostHeader(target) };
    return passOn(request, response, onward, (code, why) => refuse(response, code, why));
  }

  /** A web socket. Behind the server's consent the connection is the server's. */
  function upgrade(request: IncomingMessage, client: Duplex, head: Buffer): void {
    const tunnel = tunnels.get(client);
    const wrong = tunnel === undefined ? 'there is no tunnel' : requestRefusal(request, tunnel.target);
    if (tunnel === undefined || wrong !== undefined || pipelining.isBusy(client)) {
      if (tunnel !== undefined && wrong !== undefined) refused(tunnel, wrong);
      client.destroy();
      return;
    }
    const { agent, target } = tunnel;
    const onward = { by: { agent }, path: request.url ?? '/', host: hostHeader(target) };
    const asked = beginOnward(request, onward, { connection: 'Upgrade', upgrade: 'websocket' });
    const give = (
      { statusCode, statusMessage, rawHeaders, headers }: IncomingMessage,
      more: string[],
    ): void => {
      const lines = Object.entries(onwardHeaders(rawHeaders, headers)).flatMap(([name, values]) =>
        [values].flat().map((value) => `${name}: ${String(value)}`),
      );
      client.write(
        [`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines, ...more, '', ''].join('\r\n'),
        'latin1',
      );
    };
    asked.once('upgrade', (answer, server, first) => {
      give(answer, ['connection: Upgrade', 'upgrade: websocket']);
      if (first.length > 0) server.unshift(first);
      if (head.length > 0) client.unshift(head);
      void relay(client, server);
    });
    asked.once('response', (answer) => {
      give(answer, ['connection: close']);
      answer.once('error', () => client.destroy());
      answer.pipe(client);
    });
    asked.on('error', () => client.destroy());
    asked.end();
  }

  const inner: Server = createServer(
    {
      maxHeaderSize: HEAD_BYTES,
      headersTimeout: speakMs,
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.trim().toLowerCase() === 'websocket',
    },
    pipelining.inOrder(serve),
  );
  inner.maxHeadersCount = 0;
  inner.on('upgrade', upgrade);
  inner.on('clientError', (error: NodeJS.ErrnoException, client) => {
    const tunnel = tunnels.get(client);
    if (tunnel !== undefined && error.code?.startsWith('HPE_') === true)
      refused(tunnel, `what was sent inside the tunnel is no HTTP that is understood (${error.code})`);
    if (client.writable) client.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else client.destroy();
  });

  /** Requests go to the one connection of the tunnel, and end with it. */
  function serveTunnel(tunnel: Tunnel): void {
    const { client, upstream } = tunnel;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let isTaken = false;
    agent.createConnection = (_options, done) => {
      if (!isTaken) {
        isTaken = true;
        return upstream;
      }
      done?.(new Error('the server closed the connection'), upstream);
      return undefined;
    };
    tunnels.set(client, { ...tunnel, agent });
    client.once('close', () => {
      agent.destroy();
      upstream.destroy();
    });
    upstream.once('close', () => {
      // An answer that is being given goes to its end; then the connection is of no more use.
      if (!pipelining.isBusy(client)) client.end();
    });
    inner.emit('connection', client);
  }

  return async (tunnel) => {
    const { client, upstream } = tunnel;
    const onUpstreamGone = (): void => void client.destroy();
    upstream.once('close', onUpstreamGone);
    const opening = await openingOf(tunnel, speakMs);
    upstream.off('close', onUpstreamGone);
    if (opening === null || upstream.destroyed) {
      upstream.destroy();
      client.destroy();
      return;
    }
    const wrong = openingRefusal(opening, tunnel.target);
    if (wrong !== undefined) {
      refused(tunnel, wrong);
      upstream.destroy();
      client.end(opening !== 'silence' && opening.kind === 'tls' ? NAME_ALERT : undefined, () =>
        client.destroy(),
      );
      return;
    }
    if (opening !== 'silence' && opening.kind === 'http') serveTunnel(tunnel);
    else {
      const judge = (hello: Hello): string | undefined => helloRefusal(hello, tunnel.target);
      await relay(
        client,
        upstream,
        createHelloGate(judge, (reason) => refused(tunnel, reason)),
      );
    }
  };
}
