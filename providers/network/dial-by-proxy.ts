import type { Socket } from 'node:net';

import type { ByProxy } from './public-hosts.ts';
import { openTunnel, ProxyError, type TunnelOptions } from './proxy-tunnel.ts';

/** A proxy that cannot reach one address may reach the next one, and answers for more would take too long. */
const MOST_NAMES = 2;
/** One that forbids a host, or wants a password, does so for each of its addresses. */
const FINAL = new Set([401, 403, 405, 407]);

/** A connection to a checked host by the proxy of the network. Rejects with a `ProxyError`, or the signal's reason. */
export async function dialByProxy(
  { proxy, names, isByName }: ByProxy,
  port: number,
  options: TunnelOptions = {},
): Promise<Socket> {
  let last: unknown = new Error('there is no address to ask the proxy for');
  for (const host of names.slice(0, MOST_NAMES)) {
    try {
      return await openTunnel(proxy, { host, port }, options);
    } catch (error) {
      last = error;
      if (!(error instanceof ProxyError)) break;
      if (error.status === null || FINAL.has(error.status)) break;
    }
  }
  if (last instanceof ProxyError && last.status !== null && last.status !== 407 && !isByName) {
    // The proxy may know names only, or allow no tunnels for plain HTTP.
    last.message +=
      '; it was asked for the address that was checked, and with network.proxy_resolves it is asked for the name';
  }
  throw last;
}
