/** Lets so many do something at once; the others wait, in the order in which they came. */
export interface Gate {
  /**
   * Resolves when it is one's turn, to what lets the next one in; calling that again does nothing. Rejects with the signal's reason when
   * that aborts before.
   */
  enter(signal?: AbortSignal): Promise<() => void>;
  /** So many are inside at once. */
  readonly limit: number;
}

export function createGate(limit: number): Gate {
  const waiting = new Set<() => void>();
  let inside = 0;

  function wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        waiting.delete(begin);
        signal?.removeEventListener('abort', giveUp);
      };
      const begin = () => {
        done();
        resolve();
      };
      const giveUp = () => {
        done();
        reject(signal?.reason as Error);
      };
      waiting.add(begin);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** A place that is given up goes to the next one who waits, so that nobody who comes meanwhile goes first. */
  function passOn(): void {
    const [next] = waiting;
    if (next === undefined) inside--;
    else next();
  }

  return {
    limit,
    async enter(signal) {
      signal?.throwIfAborted();
      if (inside < limit) inside++;
      else await wait(signal);
      let isInside = true;
      return () => {
        if (isInside) passOn();
        isInside = false;
      };
    },
  };
}
