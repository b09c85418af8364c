import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../../core/errors.ts';
import type { Journal, SessionHead } from '../../providers/store/journal.ts';

/**
 * Waits until a session is at rest: idle and not busy. A database that is away, or cut the connection, is asked again.
 *
 * @param between - what happens before the next look.
 */
export async function waitForRest(
  journal: Pick<Journal, 'head'>,
  sessionId: string,
  milliseconds: number,
  between: () => Promise<void> = async () => delay(10),
): Promise<SessionHead> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const head = await journal.head(sessionId).catch((error: unknown) => {
      if (isAppError(error) && error.code === 'unavailable') return null;
      throw error;
    });
    if (head && !head.busy && head.status !== 'running') return head;
    if (Date.now() > end) throw new Error(`${sessionId} is still ${head?.status ?? 'unknown'}`);
    await between();
  }
}
