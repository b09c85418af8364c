import { ApplicationFailure } from '@temporalio/common';
import { stepKey, type StepAttempt } from '../core/journal/attempt.ts';
import type { SessionError, StepAnswer } from '../core/journal/commit-step.ts';
import { rescheduleStep, type StepFailure } from '../core/journal/reschedule-step.ts';
import type { JournalView } from '../core/journal/view.ts';
import { errorRow, type AppError, type ErrorCode } from '../core/errors.ts';
import { fallbackModel } from '../core/models/fallback.ts';
import { fitsSession } from '../core/models/fits-session.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { CONTEXT_EXCEEDED } from './send-request.ts';

/** A vendor that asks for a longer wait than this is not waited for where another model stands by. */
const LONG_WAIT_MS = 30_000;
/** A delay of zero would mean Temporal's own. */
const AT_ONCE_MS = 1;

/**
 * Decides with the journal what a provider's failure leads to. Throws what Temporal retries: later, with the same model, or at once,
 * with the next one of its chain; the next attempt finds in the journal which. Returns what to commit when nothing is left to try.
 */
export async function afterFailure(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  error: AppError,
): Promise<StepAnswer> {
  const { sessionId, epoch } = attempt;
  const { agent } = await deps.journal.setup(sessionId);
  const { result, lastSeq } = await deps.journal.transact(
    { sessionId, epoch, rowKey: stepKey(attempt.threadId, attempt.step), caller: 'activity' },
    (view) => {
      const decision = rescheduleStep(view, attempt, toFailure(deps, view, agent, error), deps.ids);
      return { writes: decision.writes, result: decision };
    },
  );
  if (result.kind === 'exhausted') return { kind: 'exhausted', error: toSessionError(error, 'exhausted') };
  deps.telemetry.modelRetry(error.code);
  if (result.writes) deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
  const moved = result.kind === 'moved' ? ` The turn goes on with ${result.model}.` : '';
  throw ApplicationFailure.create({
    type: error.code,
    message: `${error.message}${moved}`,
    nextRetryDelay:
      result.kind === 'moved'
        ? AT_ONCE_MS
        : (error.retryAfterMs ?? backoff(result.kind === 'rescheduled' ? result.failures : 1)),
  });
}

function toFailure(
  deps: ActivityDependencies,
  { head, thread }: JournalView,
  agent: { model: { id: string }; tools: readonly unknown[] },
  error: AppError,
): StepFailure {
  const { detour } = thread.turn;
  const model = detour?.model ?? agent.model.id;
  const entry = deps.catalog.resolve(model);
  const needs = { tools: agent.tools.length > 0, prices: head.budget !== null };
  const next =
    entry &&
    fallbackModel(deps.catalog, entry, error.code, detour?.failed ?? [], (candidate) =>
      fitsSession(candidate, needs),
    );
  const patient = (error.retryAfterMs ?? 0) <= LONG_WAIT_MS;
  return {
    model,
    retry: errorRow(error.code).retry,
    error: (retry, also) => toSessionError(error, retry, also),
    fallback: next && { model: next.id, afterFailures: patient ? deps.failuresBeforeFallback : 1 },
  };
}

/** Backoff between attempts where the provider names no time: doubles from one second, up to a minute. */
function backoff(failures: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.max(0, failures - 1));
}

function toSessionError(error: AppError, retry: 'retrying' | 'exhausted', also?: string): SessionError {
  const message = also === undefined ? error.message : `${error.message} ${also}`;
  const tooLong = error.details?.['error_code'] === CONTEXT_EXCEEDED;
  const type = tooLong
    ? 'compaction_limit_reached_error'
    : (SESSION_ERRORS[error.code] ?? 'model_request_failed_error');
  return { type, message, retry_status: { type: retry } };
}

/** How clients are told of a provider's failure; what is not listed is a failed request. */
const SESSION_ERRORS: Partial<
  Record<ErrorCode, 'model_overloaded_error' | 'model_rate_limited_error' | 'billing_error'>
> = {
  model_overloaded: 'model_overloaded_error',
  model_rate_limited: 'model_rate_limited_error',
  model_billing: 'billing_error',
};
