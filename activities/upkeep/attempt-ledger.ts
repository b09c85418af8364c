import type { Info } from '@temporalio/activity';
import type { WorkerPlugin } from '@temporalio/worker';
import type { GivenAttempt } from '../../providers/engine/temporal-engine.ts';

/** The attempts that are under way in this process. */
export interface AttemptLedger {
  has(attempt: GivenAttempt): boolean;
  /** Enters the attempts of the workers that it is given to. */
  readonly plugin: WorkerPlugin;
}

export function createAttemptLedger(): AttemptLedger {
  const underWay = new Set<string>();
  const enter = async <T>(info: Info, run: () => Promise<T>): Promise<T> => {
    const { activityId, attempt, workflowExecution } = info;
    const key = keyOf({ runId: workflowExecution?.runId ?? '', activityId, attempt });
    underWay.add(key);
    try {
      return await run();
    } finally {
      underWay.delete(key);
    }
  };
  return {
    has: (attempt) => underWay.has(keyOf(attempt)),
    plugin: {
      name: 'attempt-ledger',
      configureWorker: (options) => ({
        ...options,
        interceptors: {
          ...options.interceptors,
          activity: [
            ...(options.interceptors?.activity ?? []),
            ({ info }) => ({ inbound: { execute: (input, next) => enter(info, () => next(input)) } }),
          ],
        },
      }),
    },
  };
}

export function keyOf({ runId, activityId, attempt }: GivenAttempt): string {
  return `${runId} ${activityId} ${attempt}`;
}
