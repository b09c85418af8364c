import type { Bus, BusMessage } from './bus.ts';
import { createSubscriptions } from './subscriptions.ts';

/** A bus in memory, and the fault that its PostgreSQL sister can have. */
export interface InMemoryBus extends Bus {
  /** Loses what is under way and tells the subscribers that there was a gap, as a reconnect does. */
  breakConnection(): void;
}

/** A bus within one process, for tests. Messages arrive later, never inside `publish`, and in order. */
export function createInMemoryBus(): InMemoryBus {
  const subscriptions = createSubscriptions();
  let pending: BusMessage[] = [];
  let delivery: Promise<void> | null = null;
  let closed = false;

  const deliver = async () => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const messages = pending;
    pending = [];
    delivery = null;
    for (const message of messages) subscriptions.deliver(message);
  };

  return {
    publish(message) {
      if (closed) return;
      pending.push({ ...message });
      delivery ??= deliver();
    },
    subscribe: subscriptions.subscribe,
    subscribeInterrupts: subscriptions.subscribeInterrupts,
    subscribeWatched: subscriptions.subscribeWatched,
    async flush() {
      await delivery;
    },
    async close() {
      closed = true;
      await delivery;
    },
    breakConnection() {
      pending = [];
      subscriptions.gap();
    },
  };
}
