import type { ToolResultBlock, TranscriptBlock, TranscriptMessage } from '../content.ts';
import type { ContextBudget } from './context-budget.ts';
import { blockTokens, messageTokens } from './estimate-tokens.ts';
import { isBelievable, type TokenCount } from './token-count.ts';

/** Results smaller than this many tokens stay: the note that replaces them would save nothing. */
const WORTH_TRIMMING = 80;

export interface Trimmed {
  messages: TranscriptMessage[];
  /** Tokens of the messages and of `fixed`: the vendor's last count, and the estimate of what came since. */
  tokens: number;
  /** How many of them the vendor has not counted. */
  uncounted: number;
  /** How many messages from the beginning have had their results trimmed. */
  upTo: number;
  /** Whether there is too little left to trim. */
  exhausted: boolean;
}

/**
 * Replaces old tool results by a note once the conversation is longer than the budget, the newest part excepted.
 *
 * A pure function of the transcript, and stable: it goes through the requests that were made so far and moves the border only when one
 * exceeded the upper mark, far enough to stay below it for a while. So the requests in between begin with the same bytes, and whichever
 * worker builds one gets the same.
 *
 * @param fixed - estimated tokens of what goes along with every request: system prompt and tools.
 * @param counts - what the vendor counted so far, by `upTo`. Each was known before what follows it, so that a later one changes no
 *   border that an earlier request had.
 */
export function trimToolResults(
  messages: readonly TranscriptMessage[],
  budget: ContextBudget,
  fixed: number,
  counts: readonly TokenCount[] = [],
): Trimmed {
  let tokens = fixed;
  let uncounted = fixed;
  let upTo = 0;
  let trigger = budget.trimAbove;
  let exhausted = false;
  let known = 0;
  const believe = (index: number): void => {
    for (let next = counts[known]; next !== undefined && next.upTo <= index; next = counts[(known += 1)]) {
      if (!isBelievable(next.tokens, tokens)) continue;
      tokens = next.tokens;
      uncounted = 0;
    }
  };
  for (const [index, message] of messages.entries()) {
    believe(index);
    const added = messageTokens(message);
    tokens += added;
    uncounted += added;
    // Any message of the user's side may have been the last of a request.
    if (message.role === 'assistant' || tokens <= trigger) continue;
    const border = recentBorder(messages, index, budget.keepRecent);
    for (; upTo < border && tokens > budget.trimTo; upTo += 1) tokens -= savingsIn(messages[upTo]);
    exhausted ||= tokens > budget.trimExhausted;
    // Where little was left to trim, the next attempt waits until there is more.
    trigger = Math.max(budget.trimAbove, tokens + (budget.trimAbove - budget.trimTo) / 4);
  }
  believe(messages.length);
  const result = messages.map((message, index) => (index < upTo ? trimmedMessage(message) : message));
  return { messages: result, tokens, uncounted, upTo, exhausted };
}

/** The index from which on the messages up to `last` are recent. */
function recentBorder(messages: readonly TranscriptMessage[], last: number, keep: number): number {
  let kept = 0;
  for (let index = last; index >= 0; index -= 1) {
    const message = messages[index];
    kept += message === undefined ? 0 : messageTokens(message);
    if (kept > keep) return index;
  }
  return 0;
}

const savings = new WeakMap<TranscriptMessage, number>();

function savingsIn(message: TranscriptMessage | undefined): number {
  if (message === undefined) return 0;
  const before = savings.get(message);
  if (before !== undefined) return before;
  const saved = messageTokens(message) - messageTokens(trimmedMessage(message));
  savings.set(message, saved);
  return saved;
}

function isWorthTrimming(block: TranscriptBlock): block is ToolResultBlock {
  return block.type === 'tool_result' && blockTokens(block) > WORTH_TRIMMING;
}

const trimmedMessages = new WeakMap<TranscriptMessage, TranscriptMessage>();

function trimmedMessage(message: TranscriptMessage): TranscriptMessage {
  const before = trimmedMessages.get(message);
  if (before !== undefined) return before;
  const content = message.content.map((block) => (isWorthTrimming(block) ? trimmedResult(block) : block));
  const trimmed = { ...message, content };
  trimmedMessages.set(message, trimmed);
  return trimmed;
}

function trimmedResult(block: ToolResultBlock): ToolResultBlock {
  const texts = block.content.flatMap((inner) => (inner.type === 'text' ? [inner.text] : []));
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const others = block.content.length - texts.length;
  const what = [
    ...(characters > 0 ? [`${String(characters)} characters`] : []),
    ...(others > 0 ? [`${String(others)} other ${others === 1 ? 'part' : 'parts'}`] : []),
  ].join(' and ');
  const note = `[This old result was left out to make room: ${what}. Call the tool again if it is needed.]`;
  return { ...block, content: [{ type: 'text', text: note }] };
}
