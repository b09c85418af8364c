import { AppError } from '../../core/errors.ts';
import type { SessionStore } from '../../providers/store/sessions.ts';
import { findSession } from './find-session.ts';

/** Refuses to start one more session to run. One that runs already may be sent more. @throws `rate_limited`. */
export async function refuseTooMany(
  deps: {
    sessions: Pick<SessionStore, 'get' | 'countRunning'>;
    /** null: any number. */
    maxRunningSessions: number | null;
  },
  workspaceId: string,
  sessionId?: string,
): Promise<void> {
  const { sessions, maxRunningSessions: maximum } = deps;
  if (maximum === null) return;
  if (sessionId !== undefined) {
    const { status } = await findSession(sessions, workspaceId, sessionId);
    if (status === 'running' || status === 'rescheduling') return;
  }
  const running = await sessions.countRunning(workspaceId);
  if (running < maximum) return;
  throw new AppError(
    'rate_limited',
    `${running} sessions of this workspace run; at most ${maximum} may. Try again when one is idle.`,
    { retryAfterMs: 10_000 },
  );
}
