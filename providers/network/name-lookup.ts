import { Resolver } from 'node:dns/promises';

import { candidates, parseHosts, parseSearchList, watchedFile } from './resolver-files.ts';

/** The addresses of a name. Rejects with an error that has a `code`, such as ENOTFOUND. */
export type Lookup = (host: string) => Promise<string[]>;

export interface NameLookupOptions {
  /** Name servers, `address` or `address:port`; by default those of resolv.conf. */
  servers?: readonly string[];
  hostsFile?: string;
  resolvFile?: string;
  /** Longest that one name takes, with all servers and all domains of the search list; milliseconds. */
  timeMs?: number;
}

/** A second server is asked when the first is silent for so long, and each of them twice. */
const SERVER_MS = 1_500;
const TRIES = 2;
const TIME_MS = 5_000;
/** RFC 6761: no server is asked for these. */
const LOOPBACK = ['127.0.0.1', '::1'];

class LookupError extends Error {
  readonly code: string;
  constructor(host: string, code: string) {
    super(`${host} cannot be resolved: ${code}`);
    this.code = code;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN';

/** "There is no such name" and "it has no such address", from which the search goes on. */
const isAbsent = (code: string): boolean => code === 'ENOTFOUND' || code === 'ENODATA';

/** Both kinds of addresses of one name, IPv4 first: many hosts have an IPv6 address and no way to the rest of IPv6. */
async function ask(resolver: Resolver, name: string): Promise<string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const codes = answers.flatMap((answer) => (answer.status === 'rejected' ? [codeOf(answer.reason)] : []));
  throw new LookupError(name, codes.find((code) => !isAbsent(code)) ?? codes[0] ?? 'ENODATA');
}

/**
 * Resolves names by the hosts file and the name servers of this host, as its own resolver does, but never on the threads that files are
 * read on: the system's resolver keeps one of those few for half a minute and longer per name whose servers are silent, and whoever asks
 * for some dozen such names stops everybody's. Each name has a socket of its own, and a time after which it is given up.
 */
export function createNameLookup(options: NameLookupOptions = {}): Lookup {
  const { servers, hostsFile = '/etc/hosts', resolvFile = '/etc/resolv.conf', timeMs = TIME_MS } = options;
  const hosts = watchedFile(hostsFile, parseHosts);
  const searchList = watchedFile(resolvFile, parseSearchList);

  return async (host) => {
    const written = hosts().get(host);
    if (written !== undefined) return [...written];
    if (host === 'localhost' || host.endsWith('.localhost')) return LOOPBACK;
    // Made anew for each name, it knows the servers of now, and can be stopped without stopping others.
    const resolver = new Resolver({ timeout: SERVER_MS, tries: TRIES });
    if (servers !== undefined) resolver.setServers(servers);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      resolver.cancel();
    }, timeMs);
    try {
      let last: unknown;
      for (const name of candidates(host, searchList())) {
        try {
          return await ask(resolver, name);
        } catch (error) {
          if (isLate) throw new LookupError(host, 'ETIMEOUT');
          if (!isAbsent(codeOf(error))) throw error;
          last ??= error;
        }
      }
      throw last;
    } finally {
      clearTimeout(timer);
    }
  };
}
