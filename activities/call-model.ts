import { stepKey, type StepAttempt } from '../core/journal/attempt.ts';
import { commitStep, type StepAnswer } from '../core/journal/commit-step.ts';
import { openStep } from '../core/journal/open-step.ts';
import type { TurnTrace } from '../core/journal/turn-trace.ts';
import type { CutRun, Detour } from '../core/journal/turn.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { connectionNameOf } from '../core/models/connection.ts';
import { createPreviewPublisher } from '../providers/bus/preview-publisher.ts';
import type { ModelResponse, ModelStreamPart } from '../providers/model/model-provider.ts';
import { afterFailure } from './after-failure.ts';
import { answerStep } from './answer-step.ts';
import { withAttempt, type AttemptContext } from './attempt-context.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { placeFor } from './place.ts';
import { handsOf } from './place-session.ts';
import type { StepReport } from './report.ts';
import type { ModelFailure } from './report-errors.ts';
import { readStepContext } from './request/step-context.ts';
import { createRequestMeter, type RequestMeter } from './request-meter.ts';
import type { SendRequest } from './send-request.ts';
import { standInFor } from './stand-in.ts';
import { transactStep } from './transact-step.ts';

export type CallModelInput = Omit<StepAttempt, 'fence'>;

/** Why a model call was aborted: an interrupt newer than what the step had seen. */
class Interrupted extends Error {
  readonly arrival: number;
  constructor(arrival: number) {
    super('interrupted');
    this.name = 'interrupted';
    this.arrival = arrival;
  }
}

/**
 * One model call: opens its step, streams the response as previews, and commits the complete response in one transaction; where the
 * conversation no longer fits, it commits a summary of the older part, and the next step goes on. A partial response never becomes
 * history. Provider failures that may pass are journaled, counted in the step's row and retried by Temporal
 * with the provider's own delay; when they do not pass, the turn moves to the next model of the chain, and without one the step is
 * committed as exhausted. An attempt that finds the step committed
 * returns it. An attempt that would only wait gives its slot back and comes again.
 */
export function createCallModel(deps: ActivityDependencies) {
  return async (input: CallModelInput): Promise<StepReport> =>
    withAttempt(deps.worker, async (context) => {
      const attempt: StepAttempt = { ...input, fence: context.fence };
      const key = stepKey(input.threadId, input.step);
      const located = async (report: StepReport): Promise<StepReport> => ({
        ...report,
        ...(await handsOf(deps, input.sessionId, report.outcome)),
      });
      const request = { ...input, rowKey: key, givenUp: input.seals };
      const standIn = await standInFor(deps, input.sessionId);
      const place = await placeFor(deps, input.sessionId);
      try {
        const opened = await transactStep(deps, { ...request, claim: context.claim }, (view) => {
          const decision = openStep(view, attempt, deps.turns, deps.ids, standIn);
          if (decision.kind === 'opened') place.take(view.head.workspaceId, decision.detour);
          return decision;
        });
        if (opened.kind === 'outcome') return await located(await opened.report());
        const { answer, failure } = await ask(deps, attempt, opened, context);
        const committed = await transactStep(deps, { ...request, modelFailure: failure }, (view) =>
          commitStep(view, attempt, answer, deps.ids),
        );
        return await located(await committed.report());
      } finally {
        place.leave();
      }
    });
}

/** Asks the provider. Returns what to commit, and the failure when it is one; throws what Temporal is to retry. */
async function ask(
  deps: ActivityDependencies,
  attempt: StepAttempt,
  opened: {
    through: number;
    arrived: number;
    lastSeq: number;
    detour: Detour | null;
    cut: CutRun | null;
    trace: TurnTrace | null;
  },
  context: AttemptContext,
): Promise<{ answer: StepAnswer; failure?: ModelFailure }> {
  const interrupt = new AbortController();
  const stop = deps.interrupts.watch(attempt.sessionId, opened.arrived, (arrival) =>
    interrupt.abort(new Interrupted(arrival)),
  );
  const signal = AbortSignal.any([context.signal, interrupt.signal]);
  const meter = createRequestMeter();
  try {
    const stepContext = await readStepContext(deps, attempt, opened, signal);
    const newPreviews = () =>
      createPreviewPublisher(deps.bus, {
        sessionId: attempt.sessionId,
        threadId: attempt.threadId,
        spanSeq: opened.lastSeq,
        newEventId: () => deps.ids.event(),
      });
    const send = sender(deps, meter, signal, { turn: opened.trace, attempt: context.attempt });
    return { answer: await answerStep(deps, stepContext, send, newPreviews, signal) };
  } catch (error) {
    const reason: unknown = interrupt.signal.reason;
    if (interrupt.signal.aborted && reason instanceof Interrupted) {
      return { answer: { kind: 'interrupted', arrival: reason.arrival, lost: meter.lost() } };
    }
    if (context.signal.aborted || !isAppError(error) || !error.code.startsWith('model_')) throw error;
    return await afterFailure(deps, attempt, error, meter.lost());
  } finally {
    stop();
  }
}

/** Sends requests, each one measured, until `signal` aborts. */
function sender(
  deps: ActivityDependencies,
  meter: RequestMeter,
  signal: AbortSignal,
  place: { turn: TurnTrace | null; attempt: number },
): SendRequest {
  return async (prepared, see) => {
    const { provider, entry, request } = prepared;
    const vendor = connectionNameOf(entry);
    const { id: model } = entry;
    const { sessionId, maxOutputTokens, model: vendorModel } = request;
    const { server = null } = provider;
    return deps.telemetry.modelRequest(
      { provider: vendor, model, vendorModel, server, sessionId, maxOutputTokens, ...place },
      async (onPart) => {
        signal.throwIfAborted();
        const count = meter.begin(prepared);
        const response = await forward(provider.stream(request, signal), (part) => {
          count(part);
          onPart(part);
          if (part.type !== 'finish' && part.type !== 'usage') see(part);
        });
        deps.outages.answered(model);
        return response;
      },
    );
  };
}

async function forward(
  parts: AsyncIterable<ModelStreamPart>,
  onPart: (part: ModelStreamPart) => void,
): Promise<ModelResponse> {
  for await (const part of parts) {
    onPart(part);
    if (part.type === 'finish') return part.response;
  }
  throw new AppError('model_unreachable', 'The model stream ended without a complete response.');
}
