import { isOfType } from '../../media-signatures.ts';
import type { AnthropicRequest, Message } from './request-schema.ts';

const MAX_IMAGES = 100;
/** Of the base64 form. */
const MAX_IMAGE_LENGTH = 5 * 1024 * 1024;

/** What the vendor refuses about images and documents: too many, too large, not what they say they are. */
export function mediaViolations({ messages }: AnthropicRequest): string[] {
  const media = messages.flatMap(({ content }) => content.flatMap(mediaIn));
  const images = media.filter(({ type }) => type === 'image');
  const violations = images.length > MAX_IMAGES ? [`messages: ${String(images.length)} images`] : [];
  for (const { source } of media) {
    if (source.type !== 'base64') continue;
    const bytes = Buffer.from(source.data, 'base64');
    if (!isOfType(bytes, source.media_type))
      violations.push(`messages: data that is no ${source.media_type}`);
    if (source.media_type !== 'application/pdf' && source.data.length > MAX_IMAGE_LENGTH)
      violations.push(`messages: an image of ${String(source.data.length)} bytes`);
  }
  return violations;
}

type Block = Message['content'][number];
type Media = Extract<Block, { type: 'image' | 'document' }>;

function mediaIn(block: Block): Media[] {
  if (block.type === 'image' || block.type === 'document') return [block];
  if (block.type !== 'tool_result') return [];
  return (block.content ?? []).filter((inner) => inner.type === 'image' || inner.type === 'document');
}
