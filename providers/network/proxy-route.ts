import { createNoProxy, isNear, type Destination } from './no-proxy.ts';
import { parseProxyServer, type ProxyServer } from './proxy-server.ts';

/** The way out, as plain data: it is handed to other processes too. */
export interface NetworkSettings {
  /** URLs of the proxies for each kind of request; null: none. */
  httpsProxy: string | null;
  httpProxy: string | null;
  /** What is asked without them. */
  noProxy: readonly string[];
  /** Whether the proxy judges and resolves the names that users and sandboxes name. */
  proxyResolves: boolean;
  /** Authorities besides the public ones, in PEM. */
  authorities: string | null;
}

export const NO_NETWORK_SETTINGS: NetworkSettings = {
  httpsProxy: null,
  httpProxy: null,
  noProxy: [],
  proxyResolves: false,
  authorities: null,
};

/** The proxy that leads to a destination, or null for the direct way. */
export type ProxyRoute = (destination: Destination & { isTls: boolean }) => ProxyServer | null;

/** Which proxy leads where. This machine is never asked by a proxy. Throws TypeError for a URL that `parseProxyServer` refuses. */
export function createProxyRoute(settings: NetworkSettings): ProxyRoute {
  const [secure, plain] = [readProxy(settings.httpsProxy), readProxy(settings.httpProxy)];
  const isExcepted = createNoProxy(settings.noProxy);
  return ({ isTls, ...destination }) => {
    const proxy = isTls ? secure : plain;
    return proxy === null || isNear(destination.host) || isExcepted(destination) ? null : proxy;
  };
}

/** The destination of a URL of http or https. */
export function destinationOf({ protocol, hostname, port }: URL): Destination & { isTls: boolean } {
  const isTls = protocol === 'https:' || protocol === 'wss:';
  return {
    isTls,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
  };
}

function readProxy(url: string | null): ProxyServer | null {
  if (url === null) return null;
  const proxy = parseProxyServer(url);
  if ('problem' in proxy) throw new TypeError(proxy.problem);
  return proxy;
}

/** The proxies that are named. */
export function proxiesOf(settings: NetworkSettings): ProxyServer[] {
  return [settings.httpsProxy, settings.httpProxy].map(readProxy).filter((proxy) => proxy !== null);
}
