import type { ContentBlock, TranscriptBlock, TranscriptMessage } from '../content.ts';
import { textTokens } from './estimate-tokens.ts';

/** A text is not cut to less than this many tokens: what is left must still tell what it was. */
const LEAST = 200;
/** Tokens of the note that stands where something was cut out. */
const NOTE = 40;
/** How much of what stays is from the beginning; the rest is from the end. */
const BEGINNING = 0.7;

/**
 * Cuts the longest texts of the user's side (messages, tool results, plain documents) in their middle, all to the same length, so that
 * the messages become shorter by `excess` tokens. Short texts stay whole. null where that is not enough.
 *
 * A pure function of its arguments: the same transcript is always cut in the same way.
 */
export function cutToFit(messages: readonly TranscriptMessage[], excess: number): TranscriptMessage[] | null {
  const lengths = messages
    .filter(({ role }) => role === 'user')
    .flatMap(({ content }) => content.flatMap(textsOf))
    .map(textTokens);
  const cap = capFor(lengths, excess);
  if (cap === null) return null;
  return messages.map((message) => {
    if (message.role !== 'user') return message;
    return { ...message, content: message.content.map((block) => cutBlock(block, cap)) };
  });
}

/** The length to which all longer texts are cut, so that together they lose `excess`. */
function capFor(lengths: readonly number[], excess: number): number | null {
  const longest = lengths.toSorted((left, right) => right - left);
  let sum = 0;
  for (const [index, length] of longest.entries()) {
    sum += length;
    const count = index + 1;
    const cap = Math.floor((sum - excess) / count) - NOTE;
    const next = longest[count] ?? 0;
    // The next longest must stay below the cap, or it takes part in the loss.
    if (cap >= next && cap >= LEAST) return cap;
    if (next < LEAST) break;
  }
  return null;
}

function textsOf(block: TranscriptBlock): string[] {
  switch (block.type) {
    case 'text':
      return [block.text];
    case 'document':
      return block.source.type === 'text' ? [block.source.data] : [];
    case 'tool_result':
      return block.content.flatMap(textsOf);
    default:
      return [];
  }
}

function cutBlock<Block extends TranscriptBlock>(block: Block, cap: number): Block {
  switch (block.type) {
    case 'text':
      return { ...block, text: cutText(block.text, cap) };
    case 'document': {
      const { source } = block;
      if (source.type !== 'text') return block;
      return { ...block, source: { ...source, data: cutText(source.data, cap) } };
    }
    case 'tool_result':
      return { ...block, content: block.content.map((inner): ContentBlock => cutBlock(inner, cap)) };
    default:
      return block;
  }
}

function cutText(text: string, cap: number): string {
  const tokens = textTokens(text);
  if (tokens <= cap + NOTE) return text;
  const kept = Math.floor((text.length * cap) / tokens);
  const head = text.slice(0, Math.floor(kept * BEGINNING)).toWellFormed();
  const tail = text.slice(text.length - Math.ceil(kept * (1 - BEGINNING))).toWellFormed();
  const left = text.length - head.length - tail.length;
  return `${head}\n[${String(left)} characters were left out here: the whole does not fit into the model's context window.]\n${tail}`;
}
