import { isIP } from 'node:net';

import { hostAddresses } from './host-addresses.ts';
import { createNameLookup, type Lookup } from './name-lookup.ts';
import { plainAddress } from './address-set.ts';
import { normalHost } from './policy.ts';
import { createProxyRoute, NO_NETWORK_SETTINGS, proxiesOf, type NetworkSettings } from './proxy-route.ts';
import type { ProxyServer } from './proxy-server.ts';
import { createAddressCheck } from './public-address.ts';
import { createTurns, NoTurnError } from './turns.ts';

/** The way through the proxy of the network. */
export interface ByProxy {
  proxy: ProxyServer;
  /** What the proxy is asked for, one after the other: the checked addresses, or the name. */
  names: string[];
  isByName: boolean;
}

/** Where a host may be dialled, or why it may not: at its addresses, or by the proxy where there is one. */
export type Resolution = { addresses: string[]; by?: ByProxy } | { refusal: string; code: 403 | 502 };

/**
 * Where connections that agents and clients ask for may lead. It is the only way from a name to an address that is dialled for them:
 * whoever has one has the whole check.
 */
export interface PublicHosts {
  /**
   * Resolves a name once; what was checked is what is dialled. One address that is not public refuses the whole name: a mixed answer is
   * how a name is bent to an inner host. Rejects only with the signal's reason, when `signal` aborts.
   *
   * @param host - a normal host (`normalHost`).
   * @param to - what is asked for there: it decides whether a proxy leads to it. Left out: nothing that a proxy would lead to.
   * @param asker - whose names wait for each other, when many are resolved at once: a session, or a workspace.
   */
  resolve(
    host: string,
    asker: string,
    signal?: AbortSignal,
    to?: { port: number; isTls: boolean },
  ): Promise<Resolution>;
}

export interface PublicHostsOptions {
  /** Private networks that the operator opened. Throws RangeError for what is none. */
  privateNetworks: readonly string[];
  /** Addresses of the service's host that this process cannot see. */
  moreHostAddresses?: readonly string[];
  lookup?: Lookup;
  /** The way out; left out: there is no proxy. */
  network?: NetworkSettings;
}

/** A browser with many tabs resolves some dozen names at once; each takes milliseconds where servers answer. */
const NAMES_AT_ONCE = 16;
const PATIENCE_MS = 10_000;

const reasonOf = (error: unknown): string => {
  if (error instanceof NoTurnError) return `too many names are being resolved: ${error.message}`;
  return error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
};

/** `work`, given up when `signal` aborts; what it began goes on to its own end. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

export function createPublicHosts(options: PublicHostsOptions): PublicHosts {
  const { privateNetworks, moreHostAddresses = [], lookup = createNameLookup() } = options;
  const { network = NO_NETWORK_SETTINGS } = options;
  const own = (): string[] => [...moreHostAddresses, ...hostAddresses()];
  const isAllowed = createAddressCheck(own, privateNetworks);
  const turns = createTurns(NAMES_AT_ONCE, PATIENCE_MS);
  const route = createProxyRoute(network);

  /** Whoever asks a proxy for itself, or this host for it, would be past all that is judged here. */
  async function leadsToProxy(host: string, addresses: readonly string[], port: number): Promise<boolean> {
    for (const proxy of proxiesOf(network)) {
      if (proxy.port !== port) continue;
      if (normalHost(proxy.host) === host) return true;
      const own = isIP(proxy.host) === 0 ? await lookup(proxy.host).catch(() => []) : [proxy.host];
      const plain = new Set(own.map(plainAddress));
      if ([host, ...addresses].some((one) => isIP(one) !== 0 && plain.has(plainAddress(one)))) return true;
    }
    return false;
  }

  return {
    async resolve(host, asker, signal, to) {
      const proxy = to === undefined ? null : route({ host, ...to });
      const isJudgedByProxy = proxy !== null && network.proxyResolves;
      let addresses: string[] = [];
      try {
        addresses =
          isIP(host) === 0
            ? await unlessAborted(
                turns.take(asker, () => (isJudgedByProxy ? inShort(lookup(host)) : lookup(host)), signal),
                signal,
              )
            : [host];
      } catch (error) {
        signal?.throwIfAborted();
        if (!isJudgedByProxy || error instanceof NoTurnError) {
          const more = proxy === null ? '' : '; network.proxy_resolves leaves that to the proxy';
          return { refusal: `the name cannot be resolved (${reasonOf(error)})${more}`, code: 502 };
        }
      }
      signal?.throwIfAborted();
      if (addresses.length === 0 && !isJudgedByProxy)
        return { refusal: 'the name has no address', code: 502 };
      const inner = addresses.find((address) => !isAllowed(address));
      if (inner !== undefined)
        return { refusal: `it leads to ${inner}, which is not a public address`, code: 403 };
      if (to !== undefined && (await leadsToProxy(host, addresses, to.port)))
        return { refusal: 'it is the proxy of the network itself', code: 403 };
      if (proxy === null) return { addresses };
      const isByName = isJudgedByProxy || isIP(host) !== 0;
      return { addresses, by: { proxy, names: isByName ? [host] : addresses, isByName } };
    },
  };
}

/** Where the proxy resolves names, the servers of this host may never answer for those of the world. */
const SHORT_MS = 1_500;

async function inShort(work: Promise<string[]>): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), SHORT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
