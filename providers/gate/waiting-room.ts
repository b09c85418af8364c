import { HandedBack } from '../../core/handed-back.ts';
import type { Gate } from './gate.ts';

/** Until somebody for whom there is no room to wait comes again. */
const AGAIN_MS = 5_000;

/** Bounds how many wait at gates. */
export interface WaitingRoom {
  /**
   * Counts one that is going to enter the gate; what it returns, called once, ends that. Throws {@link HandedBack} where that one would wait
   * and too many wait already.
   */
  reserve(gate: Gate): () => void;
}

/**
 * Lets so many wait at gates at once: whoever waits keeps a slot of the worker, which then lacks for those who could begin.
 *
 * @param seats - of all gates together.
 */
export function createWaitingRoom(seats: number): WaitingRoom {
  const counts = new Map<Gate, number>();
  let waiting = 0;
  return {
    reserve(gate) {
      const before = counts.get(gate) ?? 0;
      const waits = before >= gate.limit;
      if (waits && waiting >= seats)
        throw new HandedBack(
          'As many requests as may be under way there at once (max_concurrent_requests) are, and many wait.',
          AGAIN_MS,
        );
      counts.set(gate, before + 1);
      if (waits) waiting++;
      return () => {
        const now = counts.get(gate) ?? 0;
        counts.set(gate, now - 1);
        // Whoever leaves lets one in who waited, where one did.
        if (now > gate.limit) waiting--;
      };
    },
  };
}
