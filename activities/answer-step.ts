import type { StepAnswer } from '../core/journal/commit-step.ts';
import { AppError } from '../core/errors.ts';
import { planContext } from '../core/session/context/plan-context.ts';
import type { BlockIds } from '../core/session/block-ids.ts';
import { answerWithoutModel } from './answer-without-model.ts';
import { compact } from './compact.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { buildModelRequest } from './request/build-model-request.ts';
import { fitContext } from './request/fit-context.ts';
import { servedLimits } from './request/served-limits.ts';
import { refitted, type StepContext } from './request/step-context.ts';
import { CONTEXT_EXCEEDED, sendFitting, type PreviewPart, type SendRequest } from './send-request.ts';
import { toAnswer } from './to-answer.ts';

/** Previews of one response. */
export interface Previews {
  part(part: PreviewPart): void;
  readonly blockIds: BlockIds;
}

/** How often a request that the vendor found too long is cut to half its size. */
const MAXIMUM_CUTS = 3;
/** How often a window is believed that is smaller than the one before. */
const MAXIMUM_LESSONS = 3;

/**
 * Finds what a step answers: the model's response, or what needs no model; or, where the conversation no longer fits, the summary that takes the place of its
 * older part, after which the next step says what this one was to say.
 *
 * The vendor has the last word on what fits: a request that it finds too long is compacted, or cut where there is nothing to compact. Where it
 * names a window that is smaller than the catalogue's, that one counts. A long request that it refuses without saying why is
 * taken for too long once.
 *
 * @throws `model_request_refused` with the `error_code` `context_window_exceeded` when nothing makes it fit; what `send` throws.
 */
export async function answerStep(
  deps: ActivityDependencies,
  given: StepContext,
  send: SendRequest,
  newPreviews: () => Previews,
  signal: AbortSignal,
): Promise<StepAnswer> {
  let context = given;
  const { transcript, fixed } = context;
  const own = answerWithoutModel(transcript.messages, context.pins);
  if (own !== null) {
    return toAnswer(deps, await buildModelRequest(deps, context, []), own, { thinking: [], text: [] });
  }
  let refused: number | undefined;
  /** The refusal without words that was taken for one of length. */
  let doubted: AppError | undefined;
  let lessons = 0;
  for (let cuts = 0; ;) {
    const plan = await fitContext(deps, context, refused === undefined ? {} : { refused }, signal);
    if (plan.kind === 'too-long') throw doubted ?? tooLong(context, plan.tokens);
    if (plan.kind === 'compact') return compact(deps, context, plan, send, [], doubted);
    const prepared = await buildModelRequest(deps, context, plan.messages, plan.tokens);
    const previews = newPreviews();
    const sent = await sendFitting(send, prepared, (part) => previews.part(part));
    if (sent.kind === 'response') {
      const { response } = sent;
      if (response.stop === 'context_overflow') {
        // The answer was cut off by the end of the window: it is asked again in a shorter conversation, if there can be one.
        const shorter = planContext(transcript, context.budget, fixed, { refused: plan.tokens });
        if (shorter.kind === 'compact') return compact(deps, context, shorter, send, [response.usage]);
      }
      return toAnswer(deps, prepared, response, previews.blockIds);
    }
    if (sent.kind === 'refused') {
      if (doubted !== undefined || !mayBeTooLong(context, plan.tokens)) throw sent.error;
      doubted = sent.error;
    } else if (sent.learned && lessons < MAXIMUM_LESSONS) {
      // In the window that the vendor named, the same conversation may fit with a shorter answer.
      lessons += 1;
      context = refitted(deps, context);
      refused = undefined;
      continue;
    }
    if (cuts === MAXIMUM_CUTS) throw tooLong(context, plan.tokens);
    cuts += 1;
    // What was sent is never more than a request may hold: the rest was cut.
    refused = refused === undefined ? Math.min(plan.tokens, context.budget.request) : refused / 2;
  }
}

/**
 * Whether a request that was refused without a known word may be too long: it is so long that it would be summarised where there is nothing
 * to trim, and something was answered since the last summary, so that it is not summarised again and again for another reason.
 */
function mayBeTooLong({ transcript, budget }: StepContext, tokens: number): boolean {
  const isNew = transcript.summarised && transcript.counts.length === 0;
  return tokens > budget.trimExhausted && !isNew;
}

function tooLong({ entry }: StepContext, tokens: number): AppError {
  const window = servedLimits(entry).contextWindow;
  return new AppError(
    'model_request_refused',
    `What was said last does not fit into the context window of ${entry.id} (${window.toLocaleString('en')} tokens; the conversation has about ${Math.round(tokens).toLocaleString('en')}), and there is nothing older to summarise. Send less at once, attach long content as a file, or use a model with a larger window.`,
    { details: { error_code: CONTEXT_EXCEEDED } },
  );
}
