import { openSession } from '../core/journal/open-session.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { StepReport } from './report.ts';
import { withAttempt } from './attempt-context.ts';
import { handsOf } from './place-session.ts';

/** Reads the state that a run starts from, after a loss, a restored database or a reset. */
export function createOpenSession(deps: ActivityDependencies) {
  return async (input: { sessionId: string; epoch: number; threadId: string }): Promise<StepReport> =>
    withAttempt(deps.worker, async () => {
      const { sessionId, epoch } = input;
      const { result } = await deps.journal.transact({ sessionId, epoch, caller: 'activity' }, (view) => ({
        writes: null,
        result: openSession(view),
      }));
      return { outcome: result, standing: false, events: [], ...(await handsOf(deps, sessionId, result)) };
    });
}
