import type { TranscriptMessage } from '../content.ts';
import type { ContextBudget } from './context-budget.ts';
import { cutToFit } from './cut-to-fit.ts';
import { messageTokens } from './estimate-tokens.ts';
import type { TokenCount } from './token-count.ts';
import { trimToolResults } from './trim-tool-results.ts';

/** A transcript since its last compaction, with what is known of its size. */
export interface ContextSource {
  messages: readonly TranscriptMessage[];
  /** Whether the first message is the summary of a compaction. */
  summarised: boolean;
  /** What the vendor counted so far, by `upTo`. */
  counts: readonly TokenCount[];
}

/** What the next request is made of. */
export type ContextPlan = {
  messages: TranscriptMessage[];
  /** The size of the request with old results trimmed, as far as known. */
  tokens: number;
  /** How many of them are an estimate. */
  uncounted: number;
} & (
  | { kind: 'send' }
  /** First a summary is to be asked for of the messages before `keptFrom`, the index of the first one that stays as it is. */
  | { kind: 'compact'; keptFrom: number }
  /** Not even a summary would make room: what is newest is too long, and cannot be cut. */
  | { kind: 'too-long' }
);

/** What somebody else knows of the request's size. */
export interface KnownSize {
  /** The vendor's counter says that the request as it would be sent has so many tokens. */
  counted?: number;
  /** The vendor refused a request of this size, so it has to become smaller, whatever the numbers say. */
  refused?: number;
}

/** A compaction pays when it replaces at least this share of a request. */
const WORTH_COMPACTING = 0.05;

/**
 * Fits a transcript into a model's window: as it is, with old tool results trimmed, or after a compaction. Where there is nothing left
 * to compact, the longest texts of the user's side are cut in their middle.
 *
 * @param fixed - estimated tokens of the system prompt and the tools.
 */
export function planContext(
  source: ContextSource,
  budget: ContextBudget,
  fixed: number,
  known: KnownSize = {},
): ContextPlan {
  const { messages, summarised, counts } = source;
  const trimmed = trimToolResults(messages, budget, fixed, counts);
  const tokens = known.counted ?? trimmed.tokens;
  const { uncounted } = trimmed;
  const size = {
    messages: trimmed.messages,
    tokens,
    uncounted: known.counted === undefined ? uncounted : 0,
  };
  const refused = known.refused;
  const pressed =
    refused !== undefined ||
    tokens > budget.compactAbove ||
    (trimmed.exhausted && tokens > budget.trimExhausted);
  if (!pressed) return { ...size, kind: 'send' };

  const keep = refused === undefined ? budget.keepRecent : Math.min(budget.keepRecent, refused / 2);
  const keptFrom = compactionBorder(messages, keep);
  const replaced = sumTokens(trimmed.messages.slice(summarised ? 1 : 0, keptFrom));
  const worth = refused === undefined ? budget.request * WORTH_COMPACTING : 0;
  if (replaced > worth) return { ...size, kind: 'compact', keptFrom };

  const limit = refused === undefined ? budget.request : refused / 2;
  if (tokens <= limit) return { ...size, kind: 'send' };
  const cut = cutToFit(trimmed.messages, tokens - limit);
  return cut === null ? { ...size, kind: 'too-long' } : { ...size, kind: 'send', messages: cut };
}

function sumTokens(messages: readonly TranscriptMessage[]): number {
  return messages.reduce((sum, message) => sum + messageTokens(message), 0);
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
