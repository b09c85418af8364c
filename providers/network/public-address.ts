import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Ranges that do not belong to a host on the public internet. */
const PRIVATE: readonly [address: string, prefix: number, family: 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['::1', 128, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** A set of addresses from networks such as `10.0.0.0/8` or single addresses. Throws RangeError for what is neither. */
export function addressSet(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
    if (family === undefined) throw new RangeError(`not an address or network: ${network}`);
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function privateSet(): BlockList {
  const list = new BlockList();
  for (const [address, prefix, family] of PRIVATE) list.addSubnet(address, prefix, family);
  return list;
}

/** The one spelling of an IPv6 address, without a zone. */
function normalIpv6(address: string): string {
  return new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1);
}

/**
 * The IPv4 address in an IPv6 address that carries one (`::ffff:a.b.c.d`, `::a.b.c.d`), or undefined. `BlockList` itself must not be
 * given `::ffff:0:0/96`: it then matches every IPv4 address.
 */
export function carriedIpv4(address: string): string | undefined {
  const groups = /^::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normalIpv6(address));
  if (groups === null) return undefined;
  const [high, low] = [Number.parseInt(groups[1] ?? '', 16), Number.parseInt(groups[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * Makes the test for addresses that a sandbox may be connected to.
 *
 * @param own - addresses of this host, asked each time, since interfaces come and go.
 * @param exceptions - private networks that the operator opened.
 */
export function createAddressCheck(
  own: () => readonly string[],
  exceptions: readonly string[],
): (address: string) => boolean {
  const privates = privateSet();
  const opened = addressSet(exceptions);
  return (address) => {
    const plain = isIPv6(address) ? (carriedIpv4(address) ?? normalIpv6(address)) : address;
    const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
    if (opened.check(plain, family)) return true;
    return !privates.check(plain, family) && !own().includes(plain);
  };
}
