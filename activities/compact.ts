import type { StepAnswer } from '../core/journal/commit-step.ts';
import { AppError } from '../core/errors.ts';
import type { TranscriptMessage } from '../core/session/content.ts';
import { answerTokens } from '../core/session/context/context-budget.ts';
import { compactedEvent } from '../core/session/context/compacted-event.ts';
import { compactionRequest, summaryIn, writtenOutRequest } from '../core/session/context/compaction.ts';
import { messageTokens } from '../core/session/context/estimate-tokens.ts';
import type { ContextPlan } from '../core/session/context/plan-context.ts';
import { writeOut } from '../core/session/context/write-out.ts';
import { stickyNote } from '../core/skills/sticky-note.ts';
import { storeLargeStrings } from '../providers/blob/large-bodies.ts';
import type { ModelRequest, ModelUsage } from '../providers/model/model-provider.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { buildModelRequest, type PreparedRequest } from './request/build-model-request.ts';
import { servedLimits } from './request/served-limits.ts';
import { refitted, type StepContext } from './request/step-context.ts';
import { sendFitting, type SendRequest } from './send-request.ts';
import { sumUsage } from '../providers/model/sum-usage.ts';
import { stepUsage } from './step-usage.ts';

/** Stands at the end of a summary that the output limit cut off, so that nobody takes it for whole. */
const CUT_OFF = '\n\n[The summary was cut off here; what was last under way may be missing.]';

/** Shares of the window that a written-out conversation is given, one after the other, where the model finds it too long. */
const WRITTEN_OUT = [0.5, 0.25, 0.1] as const;

/**
 * Asks the model for the summary of the conversation's older part. First in the conversation itself, whose beginning the vendor has in
 * its cache; where it finds that too long, or answers with something else than a summary, about the conversation written out as text.
 *
 * Nothing is journaled here: an attempt that dies is repeated from the beginning, and only a whole summary is committed.
 *
 * @param spent - what the step used already.
 * @param doubted - the refusal in unknown words that the compaction is to answer, if there was one.
 * @throws `model_unreachable` when the model writes no summary, `model_request_refused` when it refuses to; `doubted` when it finds every request too long; what `send` throws.
 */
export async function compact(
  deps: ActivityDependencies,
  context: StepContext,
  plan: Extract<ContextPlan, { kind: 'compact' }>,
  send: SendRequest,
  spent: readonly ModelUsage[],
  doubted?: AppError,
): Promise<StepAnswer> {
  const usages = [...spent];
  const whole = await buildModelRequest(deps, context, plan.messages);
  let summary: string | undefined;
  let filtered: string | undefined;
  let { effort } = whole.request;
  /** What a text may have; it shrinks when the vendor names a smaller window. */
  let room = Math.min(context.budget.request, plan.tokens);
  const head = whole.request.messages.slice(0, plan.keptFrom);
  for (const messages of requests(context, plan, head, () => room)) {
    const prepared = withMessages(whole, messages, effort);
    // A summary is no message to anybody: nothing of it is previewed.
    const sent = await sendFitting(send, prepared, () => undefined);
    // The conversation itself may be too long for the vendor, whatever its words are; the short text is not.
    if (sent.kind === 'refused' && messages.tools === 'none') throw doubted ?? sent.error;
    if (sent.kind === 'too-long' && sent.learned)
      room = Math.min(room, refitted(deps, context).budget.request);
    if (sent.kind !== 'response') continue;
    const { response } = sent;
    usages.push(response.usage);
    const isCut = response.stop === 'max_tokens' || response.stop === 'context_overflow';
    if (response.stop === 'refusal') filtered = response.refusal?.explanation ?? 'without a reason';
    const text = response.stop === 'refusal' ? undefined : summaryIn(response.blocks);
    summary = text !== undefined && isCut ? `${text}${CUT_OFF}` : text;
    if (summary !== undefined) break;
    // Thinking may have taken the whole answer.
    if (isCut) effort = 'low';
  }
  if (summary === undefined) {
    if (doubted !== undefined) throw doubted;
    if (filtered !== undefined)
      // It would be refused again: nothing of the conversation changes by itself.
      throw new AppError(
        'model_request_refused',
        `${context.entry.id} refused to summarise the conversation, which no longer fits into its context window: ${filtered}`,
      );
    throw new AppError(
      'model_unreachable',
      `${context.entry.id} wrote no summary of the conversation, which no longer fits into its context window.`,
    );
  }
  const keptFrom = context.transcript.starts[plan.keptFrom];
  if (keptFrom === undefined) throw new Error(`the transcript has no message ${String(plan.keptFrom)}`);
  const kept = stickyNote(context.transcript.messages.slice(0, plan.keptFrom), context.pins);
  const event = compactedEvent(deps.ids.event(), summary + kept, keptFrom);
  const body = await storeLargeStrings(deps.blobs, context.setup.workspaceId, event.body);
  return {
    kind: 'compacted',
    event: { ...event, body },
    ...stepUsage(whole, usages.reduce(sumUsage), ' · summary'),
  };
}

function* requests(
  { budget, fixed }: StepContext,
  plan: Extract<ContextPlan, { kind: 'compact' }>,
  head: readonly TranscriptMessage[],
  room: () => number,
): Generator<{ messages: TranscriptMessage[]; tools: 'as-before' | 'none' }> {
  const size = plan.messages
    .slice(0, plan.keptFrom)
    .reduce((sum, message) => sum + messageTokens(message), fixed);
  if (size <= budget.request) yield { messages: compactionRequest(head), tools: 'as-before' };
  for (const share of WRITTEN_OUT) {
    yield { messages: writtenOutRequest(writeOut(head, Math.floor(room() * share))), tools: 'none' };
  }
}

function withMessages(
  whole: PreparedRequest,
  { messages, tools }: { messages: TranscriptMessage[]; tools: 'as-before' | 'none' },
  effort: ModelRequest['effort'],
): PreparedRequest {
  // What was learned of the model's limits since then counts here too.
  const maxOutputTokens = Math.min(whole.request.maxOutputTokens, answerTokens(servedLimits(whole.entry)));
  const request = { ...whole.request, messages, maxOutputTokens, ...(effort && { effort }) };
  return { ...whole, request: tools === 'none' ? { ...request, tools: [] } : request };
}
