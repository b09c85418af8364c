import { isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';

/** Where a request comes from: its connection's other end, or whom a trusted proxy there speaks for. Null: the connection is gone. */
export function clientAddress(request: Pick<Request, 'ip' | 'socket'>): string | null {
  const { ip } = request;
  // A proxy may name anything.
  const address = ip !== undefined && isIP(ip) !== 0 ? ip : request.socket.remoteAddress;
  return address === undefined ? null : withoutMapping(address);
}

/** What an address is limited by: an IPv4 address itself; of an IPv6 address its /64, all of which one customer of a network has. */
export function addressBlock(address: string): string {
  const plain = withoutMapping(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%')[0]?.toLowerCase().split('::') ?? [];
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end stands for two groups.
  const given = first.length + last.length + (last.at(-1)?.includes('.') ? 1 : 0);
  const groups =
    tail === undefined ? first : [...first, ...Array.from({ length: 8 - given }, () => '0'), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/** A socket that serves both protocols shows IPv4 addresses as IPv6 ones. */
function withoutMapping(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
