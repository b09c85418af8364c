import type { ContentBlock, TranscriptBlock, TranscriptMessage } from '../content.ts';

const TOO_MANY: ContentBlock = {
  type: 'text',
  text: '[An image that was here was left out: the model takes no more of them.]',
};
const NONE_TAKEN: ContentBlock = {
  type: 'text',
  text: '[An image that was here was left out: this model takes no images.]',
};

/**
 * Leaves out the oldest images where a conversation has more than the model takes, and puts a note in their place. They go in batches
 * of a quarter of the limit, so that the cached prefix does not change with every new image.
 */
export function limitImages(messages: readonly TranscriptMessage[], maxCount: number): TranscriptMessage[] {
  const count = messages.reduce(
    (sum, { content }) => sum + content.reduce((inner, block) => inner + imagesIn(block), 0),
    0,
  );
  if (count <= maxCount) return [...messages];
  const batch = Math.max(1, Math.floor(maxCount / 4));
  let left = Math.min(count, Math.ceil((count - maxCount) / batch) * batch);
  const replace = <Block extends TranscriptBlock>(block: Block): Block | ContentBlock => {
    if (block.type !== 'image' || left === 0) return block;
    left -= 1;
    return maxCount === 0 ? NONE_TAKEN : TOO_MANY;
  };
  return messages.map((message) => {
    if (left === 0) return message;
    const content = message.content.map((block): TranscriptBlock => {
      if (block.type !== 'tool_result') return replace(block);
      return { ...block, content: block.content.map((inner): ContentBlock => replace(inner)) };
    });
    return { ...message, content };
  });
}

function imagesIn(block: TranscriptBlock): number {
  if (block.type === 'image') return 1;
  return block.type === 'tool_result' ? block.content.filter(({ type }) => type === 'image').length : 0;
}
