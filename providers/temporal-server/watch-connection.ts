import type { Connection } from '@temporalio/client';

/** States of a gRPC channel, by the numbers of its library. */
const READY = 2;
const CLOSED = 4;

/**
 * Tells whenever a client's connection stands again after it was lost, and sees to it that it is made again when nobody uses it. Returns
 * what ends that; closing the connection does too.
 */
export function watchConnection(connection: Connection, onRegained: () => void): () => void {
  const channel = connection['client'].getChannel();
  let watching = true;
  let stood = false;
  let lost = false;
  const look = (): void => {
    if (!watching) return;
    const state: number = channel.getConnectivityState(true);
    if (state === CLOSED) return;
    if (state === READY) {
      if (lost) onRegained();
      stood = true;
      lost = false;
    } else {
      lost = stood;
    }
    channel.watchConnectivityState(state, Infinity, look);
  };
  look();
  return () => {
    watching = false;
  };
}
