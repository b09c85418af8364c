import type { ContentBlock, TranscriptBlock, TranscriptMessage } from '../content.ts';

/**
 * Leaves out the oldest images and documents where those of a request together are too long, and puts a note in their place. They go in
 * batches of a quarter of the limit, so that the cached prefix does not change with every new one.
 *
 * @param sizeOf - characters of a block's data; 0 for what is no image or document.
 */
export function limitMedia(
  messages: readonly TranscriptMessage[],
  maxCharacters: number,
  sizeOf: (block: ContentBlock) => number,
): TranscriptMessage[] {
  const total = messages.reduce(
    (sum, { content }) => sum + content.reduce((all, one) => all + sizeIn(one), 0),
    0,
  );
  function sizeIn(block: TranscriptBlock): number {
    if (block.type === 'tool_result') return block.content.reduce((sum, inner) => sum + sizeOf(inner), 0);
    return block.type === 'opaque' || block.type === 'tool_use' ? 0 : sizeOf(block);
  }
  if (total <= maxCharacters) return [...messages];
  const batch = maxCharacters / 4;
  let left = Math.ceil((total - maxCharacters) / batch) * batch;
  const replace = (block: ContentBlock): ContentBlock => {
    const size = sizeOf(block);
    if (size === 0 || left <= 0) return block;
    left -= size;
    return {
      type: 'text',
      text: `[${block.type === 'image' ? 'An image' : 'A document'} that was here was left out: the request would be too large.]`,
    };
  };
  return messages.map((message) => {
    if (left <= 0 || !message.content.some((block) => sizeIn(block) > 0)) return message;
    const content = message.content.map((block): TranscriptBlock => {
      if (block.type === 'tool_result') return { ...block, content: block.content.map(replace) };
      return block.type === 'opaque' || block.type === 'tool_use' ? block : replace(block);
    });
    return { ...message, content };
  });
}
