import type { Socket } from 'node:net';
import { Agent, buildConnector, Dispatcher, Pool, ProxyAgent } from 'undici';

import { outboundNetwork } from './outbound-network.ts';
import { destinationOf } from './proxy-route.ts';
import { proxyName, type ProxyServer } from './proxy-server.ts';
import { openTunnel, proxyRefusal } from './proxy-tunnel.ts';

/** What may be set of the connections: how long they wait, how much they take. */
export type ConnectionLimits = Pick<Agent.Options, 'headersTimeout' | 'bodyTimeout' | 'maxResponseSize'>;

/**
 * Node's `fetch` for servers that the operator names or vendors run: by the proxy of the network (`network.proxy`, or that of the
 * environment), except for what `network.no_proxy` names and for this machine itself. What users name (web pages, hosts that sandboxes
 * ask for) does not come here: its addresses are judged first, by `PublicHosts`.
 */
export function outboundFetch(limits: ConnectionLimits = {}): typeof fetch {
  // The package's types and those of Node's `fetch` are of different releases; what `fetch` calls is the same in both.
  const dispatcher = outboundDispatcher(limits) as object as NonNullable<RequestInit['dispatcher']>;
  return async (input, init) => {
    try {
      return await fetch(input, { ...init, dispatcher });
    } catch (error) {
      throw inWords(error, new URL(input instanceof Request ? input.url : input));
    }
  };
}

/** A proxy that was asked in plain HTTP for a page answers in the server's place, and undici says this of it. */
const NOT_LET = /^Proxy Authentication Required \(407\)/;

function inWords(error: unknown, url: URL): unknown {
  if (!(error instanceof Error) || !(error.cause instanceof Error) || !NOT_LET.test(error.cause.message))
    return error;
  const proxy = outboundNetwork().route(destinationOf(url));
  return proxy === null ? error : new TypeError(error.message, { cause: proxyRefusal(proxy, 407, url.host) });
}

/** The connections of {@link outboundFetch}, for clients that take an undici dispatcher. Each request takes its own way, redirected ones too. */
export function outboundDispatcher(limits: ConnectionLimits = {}): Dispatcher {
  return new RoutedDispatcher(limits);
}

class RoutedDispatcher extends Dispatcher {
  readonly #limits: ConnectionLimits;
  readonly #ways = new Map<string, Dispatcher>();

  constructor(limits: ConnectionLimits) {
    super();
    this.#limits = limits;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const destination = destinationOf(new URL(String(options.origin)));
    return this.#way(outboundNetwork().route(destination), destination.isTls).dispatch(options, handler);
  }

  /** Made at the first use: a process that asks nobody outside needs no connections. */
  #way(proxy: ProxyServer | null, isTls: boolean): Dispatcher {
    const name = proxy === null ? 'direct' : JSON.stringify([proxy, isTls]);
    const found = this.#ways.get(name);
    if (found !== undefined) return found;
    const made =
      proxy === null
        ? new Agent(this.#limits)
        : isTls
          ? new Agent({ ...this.#limits, connect: throughTunnel(proxy) })
          : plainly(proxy, this.#limits);
    this.#ways.set(name, made);
    return made;
  }
}

/** TLS to the server inside of a tunnel. */
function throughTunnel(proxy: ProxyServer): buildConnector.connector {
  const secure = buildConnector({});
  const connect = async (options: buildConnector.Options, done: buildConnector.Callback): Promise<void> => {
    const { host, port } = destinationOf(new URL(`https://${options.host ?? options.hostname}`));
    let httpSocket: Socket;
    try {
      httpSocket = await openTunnel(proxy, { host, port: Number(options.port) || port });
    } catch (error) {
      done(error as Error, null);
      return;
    }
    secure({ ...options, httpSocket }, done);
  };
  return (options, done) => void connect(options, done);
}

/** Proxies allow tunnels to port 443 and often to no other, so plain HTTP is asked for plainly. */
function plainly(proxy: ProxyServer, limits: ConnectionLimits): Dispatcher {
  return new ProxyAgent({
    ...limits,
    uri: `${proxy.isTls ? 'https' : 'http'}://${proxyName(proxy)}`,
    ...(proxy.authorization === null ? {} : { token: proxy.authorization }),
    proxyTunnel: false,
    // On that way the limits would not hold by themselves.
    factory: (origin, options) => new Pool(origin, Object.assign({}, limits, options)),
  });
}
