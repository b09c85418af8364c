import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/**
 * Linux tells of each connection how often the oldest unanswered packet was sent again. Each time takes twice as long as the one before,
 * so this many mean some 25 seconds without a sign of life. By itself the system gives up after a quarter of an hour only, and Node
 * has no setting for it. A client that reads slowly answers, and is not counted.
 */
const RETRANSMISSIONS = 7;
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];

/** The connections whose other side has not answered for long, as {@link peerKey} names them. Empty where the system does not tell. */
export async function findDeadPeers(): Promise<Set<string>> {
  if (process.platform !== 'linux') return new Set();
  const dead = new Set<string>();
  for (const table of TABLES) {
    // Without IPv6 there is no second table.
    const text = await readFile(table, 'latin1').catch(() => '');
    for (const { key, retransmissions } of connectionsIn(text)) {
      if (retransmissions >= RETRANSMISSIONS) dead.add(key);
    }
  }
  return dead;
}

/** The connections of a table. Columns: number, local and remote address, state, queues, timer, retransmissions. */
export function connectionsIn(table: string): { key: string; retransmissions: number }[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, remote, , , , retransmissions] = line.trim().split(/\s+/);
      const port = local?.split(':')[1];
      if (port === undefined || remote === undefined || retransmissions === undefined) return [];
      return [{ key: `${port} ${remote}`, retransmissions: Number.parseInt(retransmissions, 16) }];
    });
}

/** Names a connection as the table does: our port, and the other side's address and port. Null when it is closed. */
export function peerKey(socket: Socket): string | null {
  const { localPort, remoteAddress, remotePort } = socket;
  if (localPort === undefined || remoteAddress === undefined || remotePort === undefined) return null;
  return `${hex(localPort)} ${addressOf(remoteAddress)}:${hex(remotePort)}`;
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Addresses stand in the table as 32-bit words in the byte order of the machine. */
function addressOf(address: string): string {
  const bytes = address.includes(':') ? bytesOfIpv6(address) : address.split('.').map(Number);
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4).map((byte) => byte.toString(16).padStart(2, '0'));
    words.push(LITTLE_ENDIAN ? word.reverse().join('') : word.join(''));
  }
  return words.join('').toUpperCase();
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function bytesOfIpv6(address: string): number[] {
  const plain = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
      const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
      return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    });
  const [head = '', tail] = plain.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
