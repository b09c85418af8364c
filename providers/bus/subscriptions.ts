import type { Bus, BusMessage } from './bus.ts';

interface Subscriber {
  onMessage: (message: BusMessage) => void;
  onGap: () => void;
}

/** Who wants what, on the receiving side of a bus. */
export interface Subscriptions extends Pick<Bus, 'subscribe' | 'subscribeInterrupts' | 'subscribeWatched'> {
  /** Whether anybody subscribed to this session. */
  wants(sessionId: string): boolean;
  deliver(message: BusMessage): void;
  gap(): void;
}

export function createSubscriptions(): Subscriptions {
  const sessions = new Map<string, Set<Subscriber>>();
  const interrupts = new Set<SessionCallback>();
  const watched = new Set<SessionCallback>();

  return {
    subscribe(sessionId, onMessage, onGap) {
      const subscriber: Subscriber = { onMessage, onGap };
      const group = sessions.get(sessionId) ?? new Set();
      sessions.set(sessionId, group.add(subscriber));
      return () => {
        group.delete(subscriber);
        if (group.size === 0 && sessions.get(sessionId) === group) sessions.delete(sessionId);
      };
    },
    subscribeInterrupts: (onInterrupt) => addTo(interrupts, onInterrupt),
    subscribeWatched: (onWatched) => addTo(watched, onWatched),
    wants: (sessionId) => sessions.has(sessionId),
    deliver(message) {
      if (message.type === 'interrupt') {
        for (const onInterrupt of interrupts) onInterrupt(message.sessionId, message.arrival);
        return;
      }
      if (message.type === 'watched') {
        for (const onWatched of watched) onWatched(message.sessionId, message.seq);
        return;
      }
      for (const subscriber of sessions.get(message.sessionId) ?? []) subscriber.onMessage(message);
    },
    gap() {
      for (const group of sessions.values()) for (const subscriber of group) subscriber.onGap();
    },
  };
}

type SessionCallback = (sessionId: string, value: number) => void;

/** Each registration counts by itself, also when the same function is registered twice. */
function addTo(callbacks: Set<SessionCallback>, callback: SessionCallback): () => void {
  const own: SessionCallback = (sessionId, value) => callback(sessionId, value);
  callbacks.add(own);
  return () => callbacks.delete(own);
}
