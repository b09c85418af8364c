import { isIPv4 } from 'node:net';

import { addressSet, groupsAsIpv4, ipv6Groups, plainAddress } from './address-set.ts';
import { GLOBAL_UNICAST, METADATA_ADDRESSES, SPECIAL_NETWORKS } from './special-networks.ts';

const special = addressSet(SPECIAL_NETWORKS.map(({ network }) => network));
const unicast = addressSet([GLOBAL_UNICAST]);
const metadata = addressSet(METADATA_ADDRESSES.map(({ address }) => address));
/** Translation (RFC 6052, RFC 8215), and the two old forms that carry an IPv4 address at their end. */
const translated = addressSet(['64:ff9b::/96', '64:ff9b:1::/48', '::/96', '::ffff:0:0:0/96']);
/** `::` and `::1`, which look like two of the last form. */
const noIpv4 = addressSet(['::/127']);
const sixToFour = addressSet(['2002::/16']);
const teredo = addressSet(['2001::/32']);

/** The IPv4 addresses that a packet to an IPv6 address may end at, by what the address itself says. */
function carriedIpv4(address: string): string[] {
  const groups = ipv6Groups(address);
  if (groups === undefined || noIpv4.has(address)) return [];
  const last = groupsAsIpv4(groups[6], groups[7]);
  if (translated.has(address)) return [last];
  if (sixToFour.has(address)) return [groupsAsIpv4(groups[1], groups[2])];
  if (teredo.has(address)) {
    const client = groupsAsIpv4((groups[6] ?? 0) ^ 0xffff, (groups[7] ?? 0) ^ 0xffff);
    return [groupsAsIpv4(groups[2], groups[3]), client];
  }
  // ISATAP, in any network (RFC 5214): the two bits that it may set say whether the IPv4 address is unique, and whether it is of a group.
  const isIsatap = ((groups[4] ?? 0) & 0xfcff) === 0 && groups[5] === 0x5efe;
  return isIsatap ? [last] : [];
}

/**
 * Makes the test for addresses that a sandbox may be connected to: those of hosts on the public internet, and those in networks that the
 * operator opened. What is no address is not allowed.
 *
 * @param own - addresses of this host, asked each time, since interfaces come and go.
 * @param exceptions - private networks that the operator opened. The addresses at which clouds hand out keys are opened only by an entry
 *   that names them alone. Throws RangeError for an entry that is no address or network.
 */
export function createAddressCheck(
  own: () => readonly string[],
  exceptions: readonly string[],
): (address: string) => boolean {
  const opened = addressSet(exceptions);
  const singles = new Set(exceptions.map((entry) => plainAddress(entry.replace(/\/(32|128)$/, ''))));
  const isPublic = (plain: string): boolean =>
    !special.has(plain) &&
    (isIPv4(plain) || unicast.has(plain)) &&
    !own().some((address) => plainAddress(address) === plain);
  const isAllowed = (address: string): boolean => {
    const plain = plainAddress(address);
    if (plain === undefined) return false;
    if (metadata.has(plain)) return singles.has(plain);
    return (opened.has(plain) || isPublic(plain)) && carriedIpv4(plain).every(isAllowed);
  };
  return isAllowed;
}
