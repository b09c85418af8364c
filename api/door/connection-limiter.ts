import type { Socket } from 'node:net';
import { addressBlock } from './client-address.ts';

/** Bounds the connections that one address (IPv6: its /64) holds open without having shown a valid key. */
export interface ConnectionLimiter {
  /** Notes a new connection. Where its address has too many, the one that was opened first is closed for it. */
  opened(socket: Socket): void;
  /** A valid key came over this one: it counts no longer. */
  known(socket: Socket): void;
}

/**
 * The oldest goes, and no new one is refused: so somebody with a key gets through beside others of the same address who hold connections.
 *
 * @param most - null: no limit.
 * @param isProxy - whether an address is one of many clients' connections.
 */
export function createConnectionLimiter(
  most: number | null,
  isProxy: (address: string) => boolean = () => false,
): ConnectionLimiter {
  // Those of an address in the order in which they were opened.
  const open = new Map<string, Set<Socket>>();
  const blocks = new WeakMap<Socket, string>();

  function known(socket: Socket): void {
    const block = blocks.get(socket);
    if (block === undefined) return;
    const those = open.get(block);
    those?.delete(socket);
    if (those?.size === 0) open.delete(block);
    blocks.delete(socket);
  }

  return {
    opened(socket) {
      const { remoteAddress } = socket;
      if (most === null || remoteAddress === undefined || isProxy(remoteAddress)) return;
      const block = addressBlock(remoteAddress);
      const those = open.get(block) ?? new Set();
      open.set(block, those.add(socket));
      blocks.set(socket, block);
      socket.once('close', () => known(socket));
      const [oldest] = those;
      if (those.size <= most || oldest === undefined) return;
      known(oldest);
      oldest.destroy();
    },
    known,
  };
}
