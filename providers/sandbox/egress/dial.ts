import { connect, type Socket } from 'node:net';

/** One address may take so long, and all of a name together. */
const CONNECT_MS = 10_000;
const DIAL_MS = 30_000;
/** A connection over which nothing passes for this long is closed. */
const QUIET_MS = 15 * 60_000;

function dialOne(host: string, port: number, milliseconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // A server that has said all may still be sent something, and the other way round.
    const socket = connect({ host, port, allowHalfOpen: true });
    const onLate = (): void => void socket.destroy(new Error('the connection timed out'));
    const late = setTimeout(onLate, milliseconds);
    socket.once('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(late);
      socket.off('error', reject);
      // It may break before anybody reads it.
      socket.on('error', () => socket.destroy());
      resolve(closedWhenQuiet(socket));
    });
  });
}

/** Dials the checked addresses, one after the other. Rejects with the error of the last one. */
export async function dial(addresses: readonly string[], port: number): Promise<Socket> {
  const patience = performance.now() + DIAL_MS;
  let last: unknown = new Error('there is no address to dial');
  for (const address of addresses) {
    const left = patience - performance.now();
    if (left <= 0) break;
    try {
      return await dialOne(address, port, Math.min(CONNECT_MS, left));
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** Closes a connection over which nothing passes for long. */
export function closedWhenQuiet(socket: Socket): Socket {
  return socket.setTimeout(QUIET_MS, () => socket.destroy());
}
