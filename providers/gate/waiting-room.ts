import { HandedBack } from '../../core/handed-back.ts';
import type { Gate } from './gate.ts';

/** Until somebody for whom there is no room to wait comes again. */
const AGAIN_MS = 5_000;

/** Where those wait for whom a gate has no room yet. */
export interface WaitingRoom {
  /** Enters the gate, as its own method does. Rejects with {@link HandedBack} where that would be waiting and too many wait already. */
  enter(gate: Gate, signal: AbortSignal): Promise<() => void>;
}

/**
 * Lets so many wait at gates at once: whoever waits keeps a slot of the worker, which then lacks for those who could begin.
 *
 * @param seats - of all gates together.
 */
export function createWaitingRoom(seats: number): WaitingRoom {
  let taken = 0;
  return {
    async enter(gate, signal) {
      if (!gate.isFull()) return gate.enter(signal);
      if (taken >= seats)
        throw new HandedBack(
          'As many requests as may be under way there at once (max_concurrent_requests) are, and many wait.',
          AGAIN_MS,
        );
      taken++;
      try {
        return await gate.enter(signal);
      } finally {
        taken--;
      }
    },
  };
}
