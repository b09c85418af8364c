import { ApplicationFailure } from '@temporalio/common';
import { stepKey, type StepAttempt } from '../core/journal/attempt.ts';
import { commitStep, type SessionError, type StepAnswer } from '../core/journal/commit-step.ts';
import { openStep } from '../core/journal/open-step.ts';
import { rescheduleStep } from '../core/journal/reschedule-step.ts';
import { AppError, errorRow, isAppError, type ErrorCode } from '../core/errors.ts';
import { createPreviewPublisher } from '../providers/bus/preview-publisher.ts';
import type { ModelResponse } from '../providers/model/model-provider.ts';
import { withAttempt, type AttemptContext } from './attempt-context.ts';
import { buildModelRequest, type PreparedRequest } from './request/build-model-request.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { StepReport } from './report.ts';
import { toAnswer } from './to-answer.ts';
import { transactStep } from './transact-step.ts';

export type CallModelInput = Omit<StepAttempt, 'fence'>;

/** Why a model call was aborted: an interrupt newer than what the step had seen. */
class Interrupted extends Error {
  readonly arrival: number;
  constructor(arrival: number) {
    super('interrupted');
    this.arrival = arrival;
  }
}

/**
 * One model call: opens its step, streams the response as previews, and commits the complete response in one transaction. A partial
 * response never becomes history. Provider failures that may pass are journaled, counted in the step's row and retried by Temporal
 * with the provider's own delay; others, and a used-up budget, commit the step as exhausted. An attempt that finds the step committed
 * returns it.
 */
export function createCallModel(deps: ActivityDependencies) {
  return async (input: CallModelInput): Promise<StepReport> =>
    withAttempt(deps.worker, async (context) => {
      const attempt: StepAttempt = { ...input, fence: context.fence };
      const key = stepKey(input.threadId, input.step);
      const request = { ...input, rowKey: key, givenUp: input.seals };
      const opened = await transactStep(deps, { ...request, claim: context.claim }, (view) =>
        openStep(view, attempt, deps.ids),
      );
      if (opened.kind === 'outcome') return opened.report();
      const answer = await ask(deps, attempt, key, opened, context);
      const committed = await transactStep(deps, request, (view) =>
        commitStep(view, attempt, answer, deps.ids),
      );
      return committed.report();
    });
}

/** Asks the provider. Returns what to commit; throws what Temporal is to retry. */
async function ask(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  key: string,
  opened: { through: number; arrived: number; lastSeq: number },
  context: AttemptContext,
): Promise<StepAnswer> {
  const interrupt = new AbortController();
  const stop = deps.interrupts.watch(attempt.sessionId, opened.arrived, (arrival) =>
    interrupt.abort(new Interrupted(arrival)),
  );
  const signal = AbortSignal.any([context.signal, interrupt.signal]);
  try {
    const prepared = await buildModelRequest(deps, attempt, opened.through);
    const previews = createPreviewPublisher(deps.bus, {
      sessionId: attempt.sessionId,
      threadId: attempt.threadId,
      spanSeq: opened.lastSeq,
      newEventId: () => deps.ids.event(),
    });
    const response = await deps.telemetry.modelRequest(
      {
        provider: prepared.entry.provider,
        model: prepared.entry.id,
        sessionId: attempt.sessionId,
        maxOutputTokens: prepared.request.maxOutputTokens,
      },
      (onPart) =>
        stream(
          prepared,
          (part) => {
            onPart(part);
            previews.part(part);
          },
          signal,
        ),
    );
    return await toAnswer(deps, prepared, response, previews.blockIds);
  } catch (error) {
    const reason: unknown = interrupt.signal.reason;
    if (interrupt.signal.aborted && reason instanceof Interrupted) {
      return { kind: 'interrupted', arrival: reason.arrival };
    }
    if (context.signal.aborted || !isAppError(error) || !error.code.startsWith('model_')) throw error;
    return await giveUpOrRetry(deps, attempt, key, error);
  } finally {
    stop();
  }
}

async function stream(
  prepared: PreparedRequest,
  onPart: Parameters<typeof forward>[1],
  signal: AbortSignal,
): Promise<ModelResponse> {
  signal.throwIfAborted();
  return forward(prepared.provider.stream(prepared.request, signal), onPart);
}

async function forward(
  parts: ReturnType<PreparedRequest['provider']['stream']>,
  onPart: ReturnType<typeof createPreviewPublisher>['part'],
): Promise<ModelResponse> {
  for await (const part of parts) {
    if (part.type === 'finish') return part.response;
    onPart(part);
  }
  throw new AppError('model_unreachable', 'The model stream ended without a complete response.');
}

/** Backoff between attempts where the provider names no time: doubles from one second, up to a minute. */
function backoff(failures: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.max(0, failures - 1));
}

async function giveUpOrRetry(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  key: string,
  error: AppError,
): Promise<StepAnswer> {
  const exhausted: StepAnswer = { kind: 'exhausted', error: toSessionError(error, 'exhausted') };
  if (errorRow(error.code).retry === 'never') return exhausted;
  const { sessionId, epoch } = attempt;
  const { result, lastSeq } = await deps.journal.transact(
    { sessionId, epoch, rowKey: key, caller: 'activity' },
    (view) => {
      const decision = rescheduleStep(view, attempt, toSessionError(error, 'retrying'), deps.ids);
      return { writes: decision.writes, result: decision };
    },
  );
  if (result.kind === 'exhausted') return exhausted;
  deps.telemetry.modelRetry(error.code);
  if (result.kind === 'rescheduled') deps.bus.publish({ type: 'grew', sessionId, seq: lastSeq });
  throw ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nextRetryDelay: error.retryAfterMs ?? backoff(result.kind === 'rescheduled' ? result.failures : 1),
  });
}

function toSessionError(error: AppError, retry: 'retrying' | 'exhausted'): SessionError {
  const shared = { message: error.message, retry_status: { type: retry } } as const;
  const type = SESSION_ERRORS[error.code] ?? 'model_request_failed_error';
  return { type, ...shared };
}

/** How clients are told of a provider's failure; what is not listed is a failed request. */
const SESSION_ERRORS: Partial<
  Record<ErrorCode, 'model_overloaded_error' | 'model_rate_limited_error' | 'billing_error'>
> = {
  model_overloaded: 'model_overloaded_error',
  model_rate_limited: 'model_rate_limited_error',
  model_billing: 'billing_error',
};
