import type { TranscriptBlock, TranscriptMessage } from '../content.ts';
import { textTokens } from './estimate-tokens.ts';

/** Characters that each part may have, tried one after the other until the whole fits. */
const LIMITS = [8_000, 2_000, 500, 150] as const;

/**
 * Writes a conversation out as plain text of at most `maximum` tokens: for models that are asked about it and could not take it as it
 * is. Long parts are cut; when that is not enough, parts in the middle are left out. The beginning, with the first request, stays.
 */
export function writeOut(messages: readonly TranscriptMessage[], maximum: number): string {
  const parts = messages.flatMap(({ role, content }) =>
    content.flatMap((block) => writtenParts(role, block)),
  );
  let shortest: string[] = [];
  for (const limit of LIMITS) {
    shortest = parts.map((part) => shortened(part, limit));
    if (sizeOf(shortest) <= maximum) return shortest.join('\n\n');
  }
  const [first = '', ...others] = shortest;
  let room = maximum - textTokens(first) - 20;
  const kept: string[] = [];
  for (const part of others.toReversed()) {
    room -= textTokens(part) + 1;
    if (room < 0) break;
    kept.unshift(part);
  }
  const note = `[${String(others.length - kept.length)} parts were left out here.]`;
  return [first, note, ...kept].join('\n\n');
}

function sizeOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + textTokens(part) + 1, 0);
}

function shortened(part: string, limit: number): string {
  if (part.length <= limit) return part;
  const head = part.slice(0, Math.floor(limit * 0.7));
  const tail = part.slice(part.length - Math.floor(limit * 0.3));
  return `${head} […] ${tail}`.toWellFormed();
}

const SPEAKERS = { user: 'User', assistant: 'Assistant', system: 'System' } as const;

/** What a block says, as text; nothing for what only its vendor can read. */
export function writtenParts(role: TranscriptMessage['role'], block: TranscriptBlock): string[] {
  switch (block.type) {
    case 'text':
      return [`${SPEAKERS[role]}: ${block.text}`];
    case 'tool_use':
      return [`${SPEAKERS[role]} calls ${block.name}: ${JSON.stringify(block.input)}`];
    case 'tool_result': {
      const said = block.content.flatMap((inner) => writtenParts(role, inner).map(withoutSpeaker)).join('\n');
      return [`${block.is_error ? 'The call failed' : 'The call returned'}: ${said}`];
    }
    case 'image':
      return [`${SPEAKERS[role]}: [an image]`];
    case 'document': {
      const name = block.title ?? 'a document';
      return [`${SPEAKERS[role]}: [${name}] ${block.source.type === 'text' ? block.source.data : ''}`.trim()];
    }
    case 'search_result':
      return [`${SPEAKERS[role]}: [${block.title}] ${block.content.map(({ text }) => text).join('\n')}`];
    case 'opaque':
      return [];
    default:
      return block satisfies never;
  }
}

function withoutSpeaker(part: string): string {
  return part.slice(part.indexOf(': ') + 2);
}
