import { stepKey } from '../core/journal/attempt.ts';
import { settle, type SettleAttempt } from '../core/journal/settle.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { transactStep } from './transact-step.ts';
import type { StepReport } from './report.ts';
import { withAttempt } from './attempt-context.ts';

export interface SettleInput extends Omit<SettleAttempt, 'fence'> {
  /** Tool uses whose activities were cancelled. */
  cancelled: readonly string[];
}

/** Brings a session to rest. Idempotent: a second run finds the standing outcome. */
export function createSettle(deps: ActivityDependencies) {
  return async (input: SettleInput): Promise<StepReport> =>
    withAttempt(deps.worker, async ({ fence }) => {
      const key = stepKey(input.threadId, input.step);
      const givenUp = [...input.seals, ...input.cancelled];
      const decided = await transactStep(deps, { ...input, rowKey: key, givenUp }, (view) =>
        settle(view, { ...input, fence }, deps.ids),
      );
      return decided.report();
    });
}
