import type { CutRun } from '../journal/turn.ts';
import type { Effort, ModelEntry } from '../models/model-entry.ts';
import { answerTokens } from './context/context-budget.ts';

/** Of what is known of a request's size, this much is held to be missing when the rest of the window goes to the answer. */
const UNSURE = 0.1;
const MARGIN_TOKENS = 256;

const ORDER: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/** What an answer may take: tokens, and how much thought. */
export interface AnswerRoom {
  maxOutputTokens: number;
  effort?: Effort;
}

/**
 * The room that a model gets for its answer. An answer that fell short is gone on with in all that the model's own limit and the window
 * leave, and one that was nothing but thought with less effort each time.
 *
 * @param tokens - of the request.
 * @param effort - that the agent asks for.
 */
export function roomToGoOn(
  entry: Pick<ModelEntry, 'contextWindow' | 'maxOutputTokens' | 'efforts' | 'defaultEffort'>,
  tokens: number,
  effort: Effort | undefined,
  cut: CutRun | null,
): AnswerRoom {
  const usual = answerTokens(entry);
  if (cut === null) return { maxOutputTokens: usual, ...(effort && { effort }) };
  const left = Math.floor(entry.contextWindow - tokens * (1 + UNSURE)) - MARGIN_TOKENS;
  const maxOutputTokens = Math.max(usual, Math.min(entry.maxOutputTokens, left));
  const given =
    cut.part === 'thinking' ? lowered(effort ?? entry.defaultEffort, entry.efforts, cut.times) : effort;
  return { maxOutputTokens, ...(given && { effort: given }) };
}

/** So many efforts of the model's lower, or its lowest; undefined where it has none. */
function lowered(from: Effort | null, known: readonly Effort[], steps: number): Effort | undefined {
  const sorted = ORDER.filter((effort) => known.includes(effort));
  const at = sorted.findLastIndex((effort) => from === null || ORDER.indexOf(effort) <= ORDER.indexOf(from));
  return sorted[Math.max(0, at - steps)];
}
