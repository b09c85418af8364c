import type { Bus } from '../providers/bus/bus.ts';

/** How long a lost poke may cost. */
const POLL_MS = 1_000;

/** Tells running activities that their session was interrupted. */
export interface InterruptWatch {
  /**
   * Calls `onInterrupt` once, with the arrival of a queued interrupt newer than `arrived`, as soon as one is known. Returns the
   * function that stops watching.
   */
  watch(sessionId: string, arrived: number, onInterrupt: (arrival: number) => void): () => void;
  close(): void;
}

/**
 * Watches for interrupts: pokes on the bus at once, and once a second one query for all sessions that this worker runs something
 * for.
 *
 * @param deps.newest - the newest queued interrupt's arrival of each of these sessions, if there is one.
 */
export function createInterruptWatch(deps: {
  bus: Bus;
  newest: (sessionIds: readonly string[]) => Promise<Map<string, number>>;
  onError: (error: unknown) => void;
}): InterruptWatch {
  interface Watcher {
    arrived: number;
    onInterrupt: (arrival: number) => void;
  }
  const watchers = new Map<string, Set<Watcher>>();
  let polling = false;

  function tell(sessionId: string, arrival: number): void {
    for (const watcher of watchers.get(sessionId) ?? []) {
      if (arrival <= watcher.arrived) continue;
      remove(sessionId, watcher);
      watcher.onInterrupt(arrival);
    }
  }

  function remove(sessionId: string, watcher: Watcher): void {
    const set = watchers.get(sessionId);
    set?.delete(watcher);
    if (set?.size === 0) watchers.delete(sessionId);
  }

  async function poll(): Promise<void> {
    if (polling || watchers.size === 0) return;
    polling = true;
    try {
      for (const [sessionId, arrival] of await deps.newest([...watchers.keys()])) tell(sessionId, arrival);
    } catch (error) {
      deps.onError(error);
    } finally {
      polling = false;
    }
  }

  const unsubscribe = deps.bus.subscribeInterrupts(tell);
  const timer = setInterval(() => void poll(), POLL_MS);
  timer.unref();

  return {
    watch(sessionId, arrived, onInterrupt) {
      const watcher: Watcher = { arrived, onInterrupt };
      let set = watchers.get(sessionId);
      if (!set) watchers.set(sessionId, (set = new Set()));
      set.add(watcher);
      return () => remove(sessionId, watcher);
    },
    close() {
      clearInterval(timer);
      unsubscribe();
    },
  };
}
