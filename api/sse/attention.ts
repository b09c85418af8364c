import type { Bus } from '../../providers/bus/bus.ts';
import type { EventList } from '../../providers/store/event-list.ts';

/**
 * Remembers how far clients were told of each session's events, by this api process or another one.
 *
 * It is there for clients that send a message before they open the stream, as the vendor's own examples do: with a fast model the turn
 * is over by then, nothing more would ever come, and the client would wait for ever. So a stream that opens just after a turn's end
 * begins with that turn, if nobody was told anything of it.
 */
export interface Attention {
  /** Clients know the session's events up to `seq`, by stream, list or status. */
  told(sessionId: string, seq: number): void;
  /**
   * The `seq` behind which a new stream without `Last-Event-ID` begins: that of the turn's beginning if the turn has just ended unseen,
   * else null.
   */
  unseenTurn(session: { sessionId: string; busy: boolean; processedAt: number }): Promise<number | null>;
  close(): void;
}

export interface AttentionDeps {
  bus: Pick<Bus, 'publish' | 'subscribeWatched'>;
  list: Pick<EventList, 'newestOfType'>;
  /** Unix milliseconds. */
  now: () => number;
}

/** How long after its end a turn counts as just ended. */
const WINDOW_MS = 2_000;
/** Sessions remembered; the one that was told of longest ago is forgotten first. */
const REMEMBERED = 50_000;

export function createAttention({ bus, list, now }: AttentionDeps): Attention {
  /** What others were told before is unknown here. */
  const since = now();
  const known = new Map<string, number>();

  const note = (sessionId: string, seq: number): boolean => {
    const before = known.get(sessionId) ?? -1;
    known.delete(sessionId);
    known.set(sessionId, Math.max(before, seq));
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return seq > before;
  };
  const unsubscribe = bus.subscribeWatched(note);

  return {
    told(sessionId, seq) {
      if (note(sessionId, seq)) bus.publish({ type: 'watched', sessionId, seq });
    },
    async unseenTurn({ sessionId, busy, processedAt }) {
      const isRecent = (time: number) => time > since && now() - time <= WINDOW_MS;
      if (busy || !isRecent(processedAt)) return null;
      const [last, previous] = await list.newestOfType(sessionId, 'session.status_idle', 2);
      if (!last || !isRecent(last.processedAt)) return null;
      const beginning = previous?.seq ?? 0;
      return (known.get(sessionId) ?? 0) > beginning ? null : beginning;
    },
    close: unsubscribe,
  };
}
