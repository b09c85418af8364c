import type { StepAnswer } from '../core/journal/commit-step.ts';
import { AppError } from '../core/errors.ts';
import { planContext } from '../core/session/context/plan-context.ts';
import type { BlockIds } from '../core/session/block-ids.ts';
import { answerWithoutModel } from './answer-without-model.ts';
import { compact } from './compact.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { buildModelRequest } from './request/build-model-request.ts';
import { fitContext } from './request/fit-context.ts';
import type { StepContext } from './request/step-context.ts';
import { CONTEXT_EXCEEDED, unlessTooLong, type PreviewPart, type SendRequest } from './send-request.ts';
import { toAnswer } from './to-answer.ts';

/** Previews of one response. */
export interface Previews {
  part(part: PreviewPart): void;
  readonly blockIds: BlockIds;
}

/** How often a request that the vendor found too long is cut to half its size. */
const MAXIMUM_CUTS = 3;

/**
 * Finds what a step answers: the model's response, or what needs no model; or, where the conversation no longer fits, the summary that takes the place of its
 * older part, after which the next step says what this one was to say.
 *
 * The vendor has the last word on what fits: a request that it finds too long is compacted, or cut where there is nothing to compact.
 *
 * @throws `model_request_refused` with the `error_code` `context_window_exceeded` when nothing makes it fit; what `send` throws.
 */
export async function answerStep(
  deps: ActivityDependencies,
  context: StepContext,
  send: SendRequest,
  newPreviews: () => Previews,
  signal: AbortSignal,
): Promise<StepAnswer> {
  const { transcript, budget, fixed } = context;
  const own = answerWithoutModel(transcript.messages, context.pins);
  if (own !== null) {
    return toAnswer(deps, await buildModelRequest(deps, context, []), own, { thinking: [], text: [] });
  }
  let refused: number | undefined;
  for (let cuts = 0; ; cuts += 1) {
    const plan = await fitContext(deps, context, refused === undefined ? {} : { refused }, signal);
    if (plan.kind === 'too-long') throw tooLong(context, plan.tokens);
    if (plan.kind === 'compact') return compact(deps, context, plan, send, []);
    const prepared = await buildModelRequest(deps, context, plan.messages);
    const previews = newPreviews();
    const response = await unlessTooLong(send(prepared, (part) => previews.part(part)));
    if (response !== null) {
      if (response.stop === 'context_overflow') {
        // The answer was cut off by the end of the window: it is asked again in a shorter conversation, if there can be one.
        const shorter = planContext(transcript, budget, fixed, { refused: plan.tokens });
        if (shorter.kind === 'compact') return compact(deps, context, shorter, send, [response.usage]);
      }
      return toAnswer(deps, prepared, response, previews.blockIds);
    }
    if (cuts === MAXIMUM_CUTS) throw tooLong(context, plan.tokens);
    refused = refused === undefined ? plan.tokens : refused / 2;
  }
}

function tooLong({ entry }: StepContext, tokens: number): AppError {
  return new AppError(
    'model_request_refused',
    `What was said last does not fit into the context window of ${entry.id} (${entry.contextWindow.toLocaleString('en')} tokens; the conversation has about ${Math.round(tokens).toLocaleString('en')}), and there is nothing older to summarise. Send less at once, attach long content as a file, or use a model with a larger window.`,
    { details: { error_code: CONTEXT_EXCEEDED } },
  );
}
