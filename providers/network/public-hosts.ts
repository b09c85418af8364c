import { isIP } from 'node:net';

import { hostAddresses } from './host-addresses.ts';
import { createNameLookup, type Lookup } from './name-lookup.ts';
import { createAddressCheck } from './public-address.ts';
import { createTurns, NoTurnError } from './turns.ts';

/** The addresses that a host may be dialled at, or why it may not. */
export type Resolution = { addresses: string[] } | { refusal: string; code: 403 | 502 };

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
   * @param asker - whose names wait for each other, when many are resolved at once: a session, or a workspace.
   */
  resolve(host: string, asker: string, signal?: AbortSignal): Promise<Resolution>;
}

export interface PublicHostsOptions {
  /** Private networks that the operator opened. Throws RangeError for what is none. */
  privateNetworks: readonly string[];
  /** Addresses of the service's host that this process cannot see. */
  moreHostAddresses?: readonly string[];
  lookup?: Lookup;
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
  const own = (): string[] => [...moreHostAddresses, ...hostAddresses()];
  const isAllowed = createAddressCheck(own, privateNetworks);
  const turns = createTurns(NAMES_AT_ONCE, PATIENCE_MS);
  return {
    async resolve(host, asker, signal) {
      let addresses: string[];
      try {
        addresses =
          isIP(host) === 0
            ? await unlessAborted(
                turns.take(asker, () => lookup(host), signal),
                signal,
              )
            : [host];
      } catch (error) {
        signal?.throwIfAborted();
        return { refusal: `the name cannot be resolved (${reasonOf(error)})`, code: 502 };
      }
      signal?.throwIfAborted();
      if (addresses.length === 0) return { refusal: 'the name has no address', code: 502 };
      const inner = addresses.find((address) => !isAllowed(address));
      if (inner !== undefined)
        return { refusal: `it leads to ${inner}, which is not a public address`, code: 403 };
      return { addresses };
    },
  };
}
