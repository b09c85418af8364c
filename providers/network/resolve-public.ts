import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** The addresses that a host may be dialled at, or why it may not. */
export type Resolution = { addresses: string[] } | { refusal: string; code: 403 | 502 };

export type Lookup = (host: string) => Promise<string[]>;

/** The system's own name resolution. */
export const systemLookup: Lookup = async (host) => {
  const rows = await lookup(host, { all: true, verbatim: true });
  return rows.map(({ address }) => address);
};

/**
 * Resolves a name once; what was checked is what is dialled. One address that is not public refuses the whole name: a mixed answer is
 * how a name is bent to an inner host.
 */
export async function resolvePublic(
  host: string,
  isAllowed: (address: string) => boolean,
  lookupHost: Lookup,
): Promise<Resolution> {
  let addresses: string[];
  try {
    addresses = isIP(host) === 0 ? await lookupHost(host) : [host];
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    return { refusal: `the name cannot be resolved (${reason})`, code: 502 };
  }
  if (addresses.length === 0) return { refusal: 'the name has no address', code: 502 };
  const inner = addresses.find((address) => !isAllowed(address));
  if (inner !== undefined)
    return { refusal: `it leads to ${inner}, which is not a public address`, code: 403 };
  return { addresses };
}
