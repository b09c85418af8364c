import { useSyncExternalStore } from 'react';

const EVERY_MS = 10_000;
let now = Date.now();

/** The time, for ages: coarse, and the same for all that show one. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(listener: () => void): () => void {
  now = Date.now();
  const timer = setInterval(() => {
    now = Date.now();
    listener();
  }, EVERY_MS);
  return () => clearInterval(timer);
}
