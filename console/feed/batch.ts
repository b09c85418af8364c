/** Gathers what comes and hands it on together, so that a fast stream does not draw the page for every word. */
export interface Batch<Item> {
  add(items: readonly Item[]): void;
  /** Hands on what is waiting, at once. */
  flush(): void;
  close(): void;
}

/**
 * @param everyMs - between two hand-overs at least. The first after a pause waits for the same time, which nobody sees.
 */
export function createBatch<Item>(everyMs: number, hand: (items: Item[]) => void): Batch<Item> {
  let waiting: Item[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;

  function flush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    hand(items);
  }

  return {
    add(items) {
      waiting.push(...items);
      timer ??= setTimeout(flush, everyMs);
    },
    flush,
    close() {
      if (timer !== null) clearTimeout(timer);
      waiting = [];
    },
  };
}
