import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

import type { Destination } from './no-proxy.ts';
import { outboundNetwork } from './outbound-network.ts';
import { destinationOf } from './proxy-route.ts';
import { proxyName, type ProxyServer } from './proxy-server.ts';
import { openTunnel } from './proxy-tunnel.ts';

type Connected = (error: Error | null, stream: Duplex) => void;

/**
 * An agent of `node:https` that takes the way of this process's network, decided for each host: by a tunnel through the proxy, or
 * directly. For packages that ask with `node:https` and take an agent, such as the SDKs of clouds.
 */
export class OutboundHttpsAgent extends HttpsAgent {
  override createConnection(options: ConnectionOptions, done: Connected): Duplex | null | undefined {
    const host = options.host ?? 'localhost';
    const port = options.port ?? 443;
    const proxy = outboundNetwork().route({ host, port, isTls: true });
    if (proxy === null) return super.createConnection(options, done);
    void connectThrough(proxy, options, { host, port }, done);
    return undefined;
  }
}

async function connectThrough(
  proxy: ProxyServer,
  options: ConnectionOptions,
  destination: Destination,
  done: Connected,
): Promise<void> {
  let socket: Socket;
  try {
    socket = await openTunnel(proxy, destination);
  } catch (error) {
    // Node hands on the error alone, whatever the types say.
    (done as (error: unknown) => void)(error);
    return;
  }
  // A path would be one of a Unix socket.
  done(null, connectTls({ ...options, path: undefined, socket }));
}

/** An agent of `node:https` for any host. */
export function outboundHttpsAgent(options: AgentOptions = {}): HttpsAgent {
  return new OutboundHttpsAgent(options);
}

/**
 * An agent of `node:http` for the host of `url` and those below it: plain requests name their host to the proxy, in the first line.
 *
 * @param url - null: any host of the public internet.
 */
export function outboundHttpAgent(url: string | null, options: AgentOptions = {}): HttpAgent {
  return new HttpAgent({ ...options, ...outboundProxyEnv(url ?? 'http://public.invalid') });
}

/** For packages that make an agent of Node by themselves and take its options: those that lead to `url`. */
export function outboundProxyEnv(url: string): { proxyEnv?: Record<string, string> } {
  const destination = destinationOf(new URL(url));
  const proxy = outboundNetwork().route(destination);
  if (proxy === null) return {};
  return { proxyEnv: { [destination.isTls ? 'HTTPS_PROXY' : 'HTTP_PROXY']: urlOf(proxy) } };
}

function urlOf(proxy: ProxyServer): string {
  const decoded = Buffer.from((proxy.authorization ?? '').replace(/^Basic /, ''), 'base64').toString();
  const colon = decoded.indexOf(':');
  const user =
    proxy.authorization === null
      ? ''
      : `${encodeURIComponent(decoded.slice(0, colon))}:${encodeURIComponent(decoded.slice(colon + 1))}@`;
  return `${proxy.isTls ? 'https' : 'http'}://${user}${proxyName(proxy)}`;
}
