import { createHash } from 'node:crypto';
import { writtenParts } from '../../../core/session/context/write-out.ts';
import type {
  ContentBlock,
  TextBlock,
  TranscriptBlock,
  TranscriptMessage,
} from '../../../core/session/content.ts';
import { systemNote } from '../system-note.ts';

/** What stands between a tool's results and what the user says next, for servers that want an answer there. */
const BRIDGE: TranscriptMessage = { role: 'assistant', content: [{ type: 'text', text: 'I understand.' }] };

/**
 * With an answer after each tool's results before anybody else speaks. What a tool showed besides text goes with the user's message, since
 * these servers take nothing else in a result.
 */
export function bridged(messages: readonly TranscriptMessage[]): TranscriptMessage[] {
  const result: TranscriptMessage[] = [];
  let afterResults = false;
  for (const message of messages) {
    if (message.role === 'assistant') {
      result.push(message);
      afterResults = false;
      continue;
    }
    const { results, others } = parted(message);
    if (results.length > 0) {
      result.push({ role: 'user', content: results });
      afterResults = true;
    }
    if (others.length === 0) continue;
    if (afterResults) result.push(BRIDGE);
    result.push({ ...message, content: others });
    afterResults = false;
  }
  return result;
}

function parted({ content }: TranscriptMessage): { results: TranscriptBlock[]; others: TranscriptBlock[] } {
  const results: TranscriptBlock[] = [];
  const shown: TranscriptBlock[] = [];
  const said: TranscriptBlock[] = [];
  for (const block of content) {
    if (block.type !== 'tool_result') {
      said.push(block);
      continue;
    }
    const media = block.content.filter(isMedia);
    if (media.length > 0) shown.push(text('Shown by a tool call:'), ...media);
    const rest = block.content.filter((inner) => !isMedia(inner));
    results.push(media.length === 0 ? block : { ...block, content: [...rest, text('(shown below)')] });
  }
  return { results, others: [...shown, ...said] };
}

const SHORT_ID = /^[a-zA-Z0-9]{9}$/;

/** With calls whose ids are nine letters and digits: their own where they are, others made from ours. */
export function withShortIds(messages: readonly TranscriptMessage[]): TranscriptMessage[] {
  return messages.map((message) => ({
    ...message,
    content: message.content.map((block): TranscriptBlock => {
      if (block.type === 'tool_result') return { ...block, tool_use_id: shortId(block.tool_use_id) };
      if (block.type !== 'tool_use') return block;
      const { vendor } = block;
      const isFit = vendor?.callId === undefined || vendor.callId === null || SHORT_ID.test(vendor.callId);
      return {
        ...block,
        id: shortId(block.id),
        ...(vendor === undefined || isFit ? {} : { vendor: { ...vendor, callId: null } }),
      };
    }),
  }));
}

function shortId(id: string): string {
  if (SHORT_ID.test(id)) return id;
  return BigInt(`0x${createHash('sha256').update(id).digest('hex')}`)
    .toString(36)
    .slice(-9);
}

/** The prompt as the beginning of what the user says first, and later words of the operator as the user's. */
export function withSystemInside(
  system: string,
  messages: readonly TranscriptMessage[],
): TranscriptMessage[] {
  const spoken = messages.map((message): TranscriptMessage => {
    if (message.role !== 'system') return message;
    const content = message.content.map((block) =>
      block.type === 'text' && /\S/.test(block.text) ? text(systemNote(block.text)) : block,
    );
    return { role: 'user', content };
  });
  if (!/\S/.test(system)) return spoken;
  const [first, ...rest] = spoken;
  const prompt = text(system);
  return first?.role === 'user'
    ? [
        {
          ...first,
          content: [...first.content.filter(isResult), prompt, ...first.content.filter(isNoResult)],
        },
        ...rest,
      ]
    : [{ role: 'user', content: [prompt] }, ...spoken];
}

const isResult = ({ type }: TranscriptBlock): boolean => type === 'tool_result';
const isNoResult = ({ type }: TranscriptBlock): boolean => type !== 'tool_result';

const BEGINNING = '[This is the conversation so far, written out.]';
const END =
  '[That was the conversation so far. Go on with it from here; call tools as usual, not in writing.]';

/**
 * The conversation as one message of the user's, in plain words: what any server takes. Images and documents stay what they are. Nothing else
 * of a vendor's own is in it.
 */
export function writtenOut(messages: readonly TranscriptMessage[]): TranscriptMessage[] {
  const content: ContentBlock[] = [];
  let parts = [BEGINNING];
  const add = (role: TranscriptMessage['role'], block: TranscriptBlock): void => {
    if (block.type === 'tool_result') {
      parts.push(
        ...writtenParts(role, { ...block, content: block.content.filter((inner) => !isMedia(inner)) }),
      );
      for (const inner of block.content.filter(isMedia)) add('user', inner);
    } else if (isMedia(block)) {
      content.push(text(parts.join('\n\n')), block);
      parts = [];
    } else parts.push(...writtenParts(role, block));
  };
  for (const { role, content: blocks } of messages) for (const block of blocks) add(role, block);
  content.push(text([...parts, END].join('\n\n')));
  return [{ role: 'user', content }];
}

/** Without images and documents up to the newest one that was refused; all stay where that is no longer there. */
export function withoutMedia(
  messages: readonly TranscriptMessage[],
  refusedUpTo: string,
): TranscriptMessage[] {
  const keys = mediaIn(messages).map(keyOf);
  let left = keys.lastIndexOf(refusedUpTo) + 1;
  const replaced = <Block extends TranscriptBlock>(block: Block): Block | TextBlock => {
    if (!isMedia(block) || left === 0) return block;
    left -= 1;
    return text(`[This ${block.type} was left out: the model’s server refused it. It cannot be seen here.]`);
  };
  return messages.map((message) => ({
    ...message,
    content: message.content.map((block): TranscriptBlock =>
      block.type === 'tool_result'
        ? { ...block, content: block.content.map((inner): ContentBlock => replaced(inner)) }
        : replaced(block),
    ),
  }));
}

/** The key of the newest image or document of a conversation; null where there is none. */
export function newestMedia(messages: readonly TranscriptMessage[]): string | null {
  const newest = mediaIn(messages).at(-1);
  return newest === undefined ? null : keyOf(newest);
}

type Media = Extract<ContentBlock, { type: 'image' | 'document' }>;

function mediaIn(messages: readonly TranscriptMessage[]): Media[] {
  return messages.flatMap(({ content }) =>
    content.flatMap((block) =>
      block.type === 'tool_result' ? block.content.filter(isMedia) : isMedia(block) ? [block] : [],
    ),
  );
}

/** Whether it is something else than words. */
function isMedia(block: TranscriptBlock): block is Media {
  return block.type === 'image' || (block.type === 'document' && block.source.type !== 'text');
}

function keyOf(block: Media): string {
  return createHash('sha256').update(JSON.stringify(block.source)).digest('base64');
}

function text(said: string): TextBlock {
  return { type: 'text', text: said };
}
