import type { Calls } from '../calls.ts';

/** How often a sandbox is looked at in which nothing of the agent's runs, so that nothing changes either. */
const REST_MS = 10_000;
/** How long it stays known whether anything runs in the background: to look for it means to read all processes. */
const KNOWN_MS = 1_000;

/**
 * Times the looks of those who watch a sandbox. As long as anything of the agent's runs they come as often as asked for; one at rest is left
 * alone, since a host may have hundreds of them.
 */
export interface Pace {
  /**
   * Resolves after `milliseconds`. While nothing runs: when the next call begins, and after ten seconds at the latest. Tells whether a call
   * has ended a rest.
   */
  pause(milliseconds: number): Promise<boolean>;
  /** A call has begun. */
  stir(): void;
}

export function createPace(calls: Pick<Calls, 'runningCount' | 'hasBackground'>): Pace {
  const sleepers = new Set<(isStirred: boolean) => void>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let hasBackground = false;

  function isAtRest(): boolean {
    if (calls.runningCount() > 0) {
      lookedAt = Number.NEGATIVE_INFINITY;
      return false;
    }
    const now = performance.now();
    if (now - lookedAt >= KNOWN_MS) {
      hasBackground = calls.hasBackground();
      lookedAt = now;
    }
    return !hasBackground;
  }

  return {
    pause(milliseconds) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      if (!isAtRest()) {
        setTimeout(resolve, milliseconds, false).unref();
        return promise;
      }
      const wake = (isStirred: boolean): void => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve(isStirred);
      };
      const timer = setTimeout(wake, Math.max(milliseconds, REST_MS), false).unref();
      sleepers.add(wake);
      return promise;
    },
    stir() {
      // It may be over, and have left something, before anybody looks.
      lookedAt = Number.NEGATIVE_INFINITY;
      for (const wake of sleepers) wake(true);
    },
  };
}

/** The same calls, which end the rest of the watches when they begin. */
export function stirring(calls: Calls, pace: Pick<Pace, 'stir'>): Calls {
  return {
    ...calls,
    start(id, operation) {
      const view = calls.start(id, operation);
      pace.stir();
      return view;
    },
    resume(id, operation) {
      const view = calls.resume(id, operation);
      pace.stir();
      return view;
    },
  };
}
