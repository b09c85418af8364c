/** Lets each asker do a few things at once, and no asker wait for another. */
export interface Turns {
  /**
   * Runs `work` when it is the asker's turn. Rejects with {@link NoTurnError} when that takes too long, and with the signal's reason when
   * `signal` aborts before.
   */
  take<Result>(asker: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

/** Too much of the asker's own is under way. */
export class NoTurnError extends Error {}

interface Asker {
  running: number;
  waiting: Set<() => void>;
}

/**
 * @param most - things of one asker at once.
 * @param patienceMs - longest that one of them waits.
 */
export function createTurns(most: number, patienceMs: number): Turns {
  const askers = new Map<string, Asker>();

  function enter(asker: Asker, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (asker.running < most) {
      asker.running++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        asker.waiting.delete(onTurn);
      };
      const onTurn = (): void => {
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        leave();
        reject(new NoTurnError(`${most} are under way, and none ended within ${patienceMs / 1_000} s`));
      }, patienceMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      asker.waiting.add(onTurn);
    });
  }

  return {
    async take(name, work, signal) {
      const asker = askers.get(name) ?? { running: 0, waiting: new Set() };
      askers.set(name, asker);
      await enter(asker, signal);
      try {
        return await work();
      } finally {
        const [next] = asker.waiting;
        // The turn is handed on, so that nobody who comes meanwhile takes it.
        if (next !== undefined) next();
        else asker.running--;
        if (asker.running === 0) askers.delete(name);
      }
    },
  };
}
