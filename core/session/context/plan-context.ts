import type { TranscriptMessage } from '../content.ts';
import type { ContextBudget } from './context-budget.ts';
import { messageTokens } from './estimate-tokens.ts';
import { trimToolResults } from './trim-tool-results.ts';

/** What the next request is made of. */
export type ContextPlan =
  | { kind: 'send'; messages: TranscriptMessage[]; tokens: number }
  /**
   * First a summary of `head` is to be asked for (`compactionRequest`); `keptFrom` is the index of the first message that stays as it is.
   */
  | { kind: 'compact'; head: TranscriptMessage[]; keptFrom: number; tokens: number }
  /** Not even a summary would make room: the newest part alone is too long. */
  | { kind: 'too-long'; tokens: number };

/**
 * Fits a transcript into a model's window: as it is, with old tool results trimmed, or after a compaction.
 *
 * @param messages - the transcript since the last compaction, its summary first.
 * @param fixed - estimated tokens of the system prompt and the tools.
 * @param reported - tokens that the vendor counted for the last request and its answer, if there was one with these messages: where
 *   the vendor counts more than the estimate, the vendor is right.
 */
export function planContext(
  messages: readonly TranscriptMessage[],
  budget: ContextBudget,
  fixed: number,
  reported?: { tokens: number; upTo: number },
): ContextPlan {
  const trimmed = trimToolResults(messages, budget, fixed);
  const tokens = Math.max(trimmed.tokens, countedTokens(messages, reported));
  if (tokens <= budget.compactAbove && !trimmed.exhausted)
    return { kind: 'send', messages: trimmed.messages, tokens };
  const keptFrom = compactionBorder(messages, budget.keepRecent);
  if (keptFrom > 0) return { kind: 'compact', head: trimmed.messages.slice(0, keptFrom), keptFrom, tokens };
  return tokens <= budget.request
    ? { kind: 'send', messages: trimmed.messages, tokens }
    : { kind: 'too-long', tokens };
}

/** What the vendor counted, with the estimate of what came since. */
function countedTokens(
  messages: readonly TranscriptMessage[],
  reported: { tokens: number; upTo: number } | undefined,
): number {
  if (reported === undefined) return 0;
  return messages
    .slice(reported.upTo)
    .reduce((sum, message) => sum + messageTokens(message), reported.tokens);
}

/**
 * Where the part begins that a compaction keeps: at an answer or a message of the user's that answers no call, so that no result is
 * parted from its call. 0 where there is no such place.
 */
function compactionBorder(messages: readonly TranscriptMessage[], keep: number): number {
  let kept = 0;
  let border = 0;
  for (let index = messages.length - 1; index > 0; index -= 1) {
    const message = messages[index];
    if (message === undefined) continue;
    kept += messageTokens(message);
    const isSafe =
      message.role === 'assistant' ||
      (message.role === 'user' && !message.content.some(({ type }) => type === 'tool_result'));
    // The newest safe place counts even when what follows it is long.
    if (isSafe && (kept <= keep || border === 0)) border = index;
    if (kept > keep && border > 0) break;
  }
  return border;
}
