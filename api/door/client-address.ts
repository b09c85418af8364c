import { isIP } from 'node:net';
import type { Request } from 'express';
import { canonicalAddress, ipv6Groups, type AddressSet } from '../../providers/network/address-set.ts';

/**
 * Where a request comes from: its connection's other end, or whom a trusted proxy there speaks for: of the addresses in
 * `X-Forwarded-For`, the last that is no trusted proxy's. What stands before it, its sender may have made up. Null: the connection is
 * gone; so ask while the request is new.
 */
export function clientAddress(request: Pick<Request, 'ip' | 'socket'>): string | null {
  const named = withoutPort(request.ip ?? '');
  // A proxy may name anything.
  const address = isIP(named) === 0 ? request.socket.remoteAddress : named;
  // A socket that serves both protocols shows IPv4 addresses as IPv6 ones.
  return address === undefined ? null : canonicalAddress(address);
}

/** Whether an address, as a connection or `X-Forwarded-For` names it, is one of these proxies. For Express's `trust proxy`. */
export function trustIn(proxies: AddressSet): (address: string | undefined) => boolean {
  return (address) => address !== undefined && proxies.has(withoutPort(address));
}

/** Some proxies (IIS, Azure's) write `203.0.113.7:51234` and `[2001:db8::1]:443`. */
function withoutPort(address: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(address) ?? [];
  return ipv6 ?? ipv4 ?? address;
}

/** What an address is limited by: an IPv4 address itself; of an IPv6 address its /64, all of which one customer of a network has. */
export function addressBlock(address: string): string {
  const plain = canonicalAddress(address);
  const groups = ipv6Groups(plain);
  if (groups === undefined) return plain;
  const network = groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}
