import { ApplicationFailure } from '@temporalio/common';
import type { StepOutcome } from '../core/journal/outcome.ts';
import { withAttempt } from './attempt-context.ts';
import type { ActivityDependencies, HandsQueue } from './dependencies.ts';

/** Finds out where a session's tool calls go, after they found nobody there. Waits for a host where there is none. */
export function createPlaceSession(deps: ActivityDependencies) {
  return async (input: { sessionId: string }): Promise<HandsQueue> =>
    withAttempt(deps.worker, async () => {
      const hands = await deps.hosts?.queueFor(input.sessionId);
      if (hands == null) throw ApplicationFailure.retryable('no host of sandboxes is alive', 'no_host');
      return hands;
    });
}

/** Where the tool calls of an outcome go; absent where it has none, and null where no host is known. */
export async function handsOf(
  deps: Pick<ActivityDependencies, 'hosts'>,
  sessionId: string,
  outcome: StepOutcome,
): Promise<{ hands?: HandsQueue | null }> {
  if (deps.hosts === null || (outcome.kind !== 'tools' && outcome.kind !== 'opened')) return {};
  const runsHere = outcome.calls.some(({ state }) => state === 'run' || state === 'ask');
  return runsHere ? { hands: await deps.hosts.queueFor(sessionId) } : {};
}
