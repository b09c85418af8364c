import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** The eight groups of an IPv6 address, without its zone. Undefined for what is none. */
export function ipv6Groups(address: string): number[] | undefined {
  if (!isIPv6(address)) return undefined;
  const [head = '', tail] = spelled(address).split('::');
  const toNumbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [toNumbers(head), toNumbers(tail ?? '')];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

/** The URL standard has one spelling for each IPv6 address: hexadecimal, lower case, the longest run of zeros left out. */
function spelled(address: string): string {
  return new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1);
}

/** Two groups of an IPv6 address as the IPv4 address that they carry. */
export function groupsAsIpv4(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * One spelling for each address: IPv4 as it is, also where it is written as an IPv6 address (`::ffff:a.b.c.d`, which dials IPv4), and
 * IPv6 without a zone. Undefined for what is no address.
 */
export function plainAddress(address: string): string | undefined {
  if (isIPv4(address)) return address;
  const groups = ipv6Groups(address);
  if (groups === undefined) return undefined;
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
    ? groupsAsIpv4(groups[6], groups[7])
    : groups.map((group) => group.toString(16)).join(':');
}

/** An address as everybody spells it (RFC 5952), with its zone; what is no address stays as it is. */
export function canonicalAddress(address: string): string {
  const plain = plainAddress(address);
  if (plain === undefined || isIPv4(plain)) return plain ?? address;
  const [, zone] = address.split('%');
  return `${spelled(address)}${zone === undefined ? '' : `%${zone}`}`;
}

/** A set of addresses. */
export interface AddressSet {
  /** False for what is no address. */
  has(address: string): boolean;
}

interface Network {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

const MAPPED_BITS = 96;

function networkOf(text: string): Network {
  const [, written = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = plainAddress(written);
  if (address === undefined) throw new RangeError(`not an address or network: ${text}`);
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const most = family === 'ipv4' ? 32 : 128;
  // A network of IPv4 addresses that are written as IPv6 ones is the IPv4 network: `BlockList` would match every IPv4 address with it.
  const offset = family === 'ipv4' && isIPv6(written) ? MAPPED_BITS : 0;
  const prefix = bits === undefined ? most : Number(bits) - offset;
  if (prefix < 0 || prefix > most) throw new RangeError(`not an address or network: ${text}`);
  return { address, prefix, family };
}

/** A set of addresses from networks such as `10.0.0.0/8` or single addresses. Throws RangeError for what is neither. */
export function addressSet(networks: readonly string[]): AddressSet {
  // `BlockList` compares IPv4 addresses with IPv6 networks as well, under their mapped spelling.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const { address, prefix, family } of networks.map(networkOf)) {
    lists[family].addSubnet(address, prefix, family);
  }
  return {
    has(address) {
      const plain = plainAddress(address);
      if (plain === undefined) return false;
      const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
      return lists[family].check(plain, family);
    },
  };
}
