import type { Json } from '../../core/json.ts';

/**
 * What travels on the bus. Nothing on it is truth: a lost message costs at most a second, since readers also look into the store.
 */
export type BusMessage =
  /** The session's journal grew to at least `seq`. */
  | { type: 'grew'; sessionId: string; seq: number }
  /** An interrupt with this arrival number was accepted. */
  | { type: 'interrupt'; sessionId: string; arrival: number }
  /** The session was deleted: its streams end. */
  | { type: 'deleted'; sessionId: string }
  /**
   * A preview of an event that may come: `step` is `<thread>/<n>`, `fence` the attempt (a higher one withdraws the lower one's
   * previews), `event` the wire event (`event_start` or `event_delta`).
   */
  | {
      type: 'preview';
      sessionId: string;
      threadId: string;
      step: string;
      fence: number;
      eventType: 'agent.message' | 'agent.thinking';
      event: Json;
    };

/** Carries messages between processes: PostgreSQL LISTEN/NOTIFY in production, memory in tests. */
export interface Bus {
  /**
   * Hands a message over and returns at once. Deltas of one event are gathered while the last notification is under way; order per
   * session is kept; a message too large for the transport is split or dropped, never an error.
   */
  publish(message: BusMessage): void;
  /** Receives every message about one session until the returned function is called. `onGap` is called after a reconnect. */
  subscribe(sessionId: string, onMessage: (message: BusMessage) => void, onGap: () => void): () => void;
  /** Receives interrupts for all sessions (workers). */
  subscribeInterrupts(onInterrupt: (sessionId: string, arrival: number) => void): () => void;
  /** Resolves when everything published so far has been handed to the transport. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
