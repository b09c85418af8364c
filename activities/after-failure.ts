import { ApplicationFailure } from '@temporalio/common';
import { stepKey, type StepAttempt } from '../core/journal/attempt.ts';
import type { StepAnswer } from '../core/journal/commit-step.ts';
import { RETRY_BUDGET, rescheduleStep, type StepFailure } from '../core/journal/reschedule-step.ts';
import type { LostUsage } from '../core/journal/span-detail.ts';
import type { JournalView } from '../core/journal/view.ts';
import { errorRow, type AppError } from '../core/errors.ts';
import { isWorthAnother } from '../core/models/fallback.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { reportErrors, reportingLostCommits, type ModelFailure } from './report-errors.ts';
import { toSessionError } from './session-error.ts';
import { standInOf, type RunningAgent } from './stand-in.ts';

/** A vendor that asks for a longer wait than this is not waited for where another model stands by. */
const LONG_WAIT_MS = 30_000;
/** A delay of zero would mean Temporal's own. */
const AT_ONCE_MS = 1;

/**
 * Decides with the journal what a provider's failure leads to. Throws what Temporal retries: later, with the same model, or at once,
 * with the next one of its chain; the next attempt finds in the journal which. Returns what to commit, and why, when nothing is left to try.
 *
 * @param lost - what the attempt's requests have used all the same.
 */
export async function afterFailure(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  error: AppError,
  lost: LostUsage | null,
): Promise<{ answer: StepAnswer; failure: ModelFailure }> {
  const { sessionId, epoch } = attempt;
  const rowKey = stepKey(attempt.threadId, attempt.step);
  const { agent } = await deps.journal.setup(sessionId);
  const failureOf = (model: string): ModelFailure => ({ error, model, entry: deps.catalog.resolve(model) });
  const { result, lastSeq } = await reportingLostCommits(deps, { sessionId, rowKey }, (decided) =>
    deps.journal.transact({ sessionId, epoch, rowKey, caller: 'activity' }, (view) => {
      const failure = toFailure(deps, view, agent, error, lost);
      const decision = rescheduleStep(view, attempt, failure, deps.ids);
      decided(decision.writes, failureOf(failure.model));
      return { writes: decision.writes, result: { ...decision, failed: failure.model } };
    }),
  );
  const isGivenUp = result.kind === 'moved' || result.kind === 'exhausted';
  if (isGivenUp && isWorthAnother(error.code)) deps.outages.failed(result.failed, error);
  const failure = failureOf(result.failed);
  if (result.kind === 'exhausted') {
    return { answer: { kind: 'exhausted', error: toSessionError(error, 'exhausted'), lost }, failure };
  }
  await reportErrors(deps, { sessionId, rowKey }, result.writes, failure);
  deps.telemetry.modelRetry(error.code);
  if (result.writes) deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
  const moved = result.kind === 'moved' ? ` The turn goes on with ${result.model}.` : '';
  throw ApplicationFailure.create({
    type: error.code,
    message: `${error.message}${moved}`,
    nextRetryDelay:
      result.kind === 'moved'
        ? AT_ONCE_MS
        : Math.min(
            scattered(error.retryAfterMs ?? backoff(result.kind === 'rescheduled' ? result.failures : 1)),
            // Whatever the provider asks for, the turn ends when its time for retries is over.
            RETRY_BUDGET.milliseconds,
          ),
  });
}

function toFailure(
  deps: ActivityDependencies,
  { head, thread }: JournalView,
  agent: RunningAgent,
  error: AppError,
  lost: LostUsage | null,
): StepFailure {
  const { detour } = thread.turn;
  const model = detour?.model ?? agent.model.id;
  const entry = deps.catalog.resolve(model);
  const next = entry && standInOf(deps, head, agent, entry, error.code, detour?.failed ?? []);
  const isWorthWaiting = (error.retryAfterMs ?? 0) <= LONG_WAIT_MS && !deps.outages.isDoubtful(model);
  return {
    model,
    retry: errorRow(error.code).retry,
    lost,
    error: (retry, also) => toSessionError(error, retry, also),
    fallback: next && { model: next.id, afterFailures: isWorthWaiting ? deps.failuresBeforeFallback : 1 },
  };
}

/** Up to a quarter later, so that the sessions that a vendor refused together do not come back together. */
function scattered(delayMs: number): number {
  return Math.ceil(delayMs * (1 + Math.random() / 4));
}

/** Backoff between attempts where the provider names no time: doubles from one second, up to a minute. */
function backoff(failures: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.max(0, failures - 1));
}
