import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** What a sandbox may reach. `unrestricted` means every public address; `limited` these hosts only, and nothing that is not listed. */
export type NetworkPolicy =
  { mode: 'none' } | { mode: 'unrestricted' } | { mode: 'limited'; hosts: readonly string[] };

/** Names that never mean a public host. */
const PRIVATE_SUFFIXES = ['localhost', 'local', 'internal', 'intranet', 'home.arpa', 'invalid', 'onion'];

/**
 * One spelling for all that mean the same host: lower case, punycode, no trailing dot, IPv4 addresses in dotted decimal (the URL
 * standard knows octal, hexadecimal and short forms), IPv6 without brackets. Undefined for what names no host.
 */
export function normalHost(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIP(bare) === 6) return bare.toLowerCase();
  if (bare === '' || bare.length > 253 || /[\s/\\@?#%:[\]]/.test(bare)) return undefined;
  let name: string;
  try {
    name = new URL(`http://${bare}`).hostname;
  } catch {
    return undefined;
  }
  const plain = (isIP(name) === 4 ? name : domainToASCII(name)).replace(/\.$/, '').toLowerCase();
  return plain === '' ? undefined : plain;
}

/** Whether a normal host is covered by an entry: the host itself, or `*.` and what stands before it. */
function covers(entry: string, host: string): boolean {
  if (!entry.startsWith('*.')) return normalHost(entry) === host;
  const parent = normalHost(entry.slice(2));
  return parent !== undefined && host.endsWith(`.${parent}`);
}

/** Why a host is refused by name alone, or undefined. Its addresses are checked afterwards in any case. */
export function refusalOf(policy: NetworkPolicy, host: string): string | undefined {
  switch (policy.mode) {
    case 'none':
      return 'this environment has no network';
    case 'limited':
      return policy.hosts.some((entry) => covers(entry, host))
        ? undefined
        : 'the host is not in allowed_hosts of this environment';
    case 'unrestricted':
      if (isIP(host) !== 0) return undefined;
      if (!host.includes('.')) return 'the name is not a public host';
      return PRIVATE_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
        ? 'the name is not a public host'
        : undefined;
  }
}
