import type { Upkeep } from '../../providers/store/upkeep.ts';
import { concernsAll } from './concerns-all.ts';

/** Longer than the heartbeat timeout of activities, after which Temporal notices by itself. */
const RECENT_MS = 60_000;
/** Sessions read at once, and worked on at once. */
const PAGE = 1_000;
const AT_ONCE = 16;

/**
 * Does something for each session of which Temporal may have an attempt under way. What goes wrong for one of them does not keep the
 * others waiting; what goes wrong for all rejects.
 *
 * @param onProblem - told of the sessions that were passed over.
 */
export async function forEachActive(
  upkeep: Pick<Upkeep, 'active'>,
  work: (sessionId: string) => Promise<void>,
  onProblem: (error: unknown, sessionId: string) => void,
): Promise<void> {
  for (let after: string | null = null; ;) {
    const sessions: string[] = await upkeep.active(RECENT_MS, after, PAGE);
    const waiting = [...sessions];
    const takeNext = async (): Promise<void> => {
      for (let session = waiting.pop(); session !== undefined; session = waiting.pop()) {
        try {
          await work(session);
        } catch (error) {
          if (concernsAll(error)) throw error;
          onProblem(error, session);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, takeNext));
    after = sessions.at(-1) ?? null;
    if (sessions.length < PAGE) return;
  }
}
