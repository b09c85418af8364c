import type { ImageLimits } from '../../core/models/model-entry.ts';
import { limitImages } from '../../core/session/context/limit-images.ts';
import type { ContentBlock, TranscriptBlock, TranscriptMessage } from '../../core/session/content.ts';
import { isAppError } from '../../core/errors.ts';
import type { ImagePreparer } from './image-preparer.ts';

/**
 * Makes every image of a transcript one that the model takes: the oldest left out where there are too many, the others converted where
 * they have to be. An image that cannot be used becomes a sentence that says why, since the conversation has to go on; so does each where
 * the model takes none. Images by URL stay as they are; those by file id must have been put in as base64 before.
 *
 * @param limits - null where the model takes no images.
 */
export async function prepareImages(
  messages: readonly TranscriptMessage[],
  limits: ImageLimits | null,
  preparer: ImagePreparer,
  signal: AbortSignal,
): Promise<TranscriptMessage[]> {
  if (!messages.some(({ content }) => content.some(hasImage))) return [...messages];
  const limited = limitImages(messages, limits?.maxCount ?? 0);

  const prepare = async (block: ContentBlock): Promise<ContentBlock> => {
    if (block.type !== 'image' || block.source.type !== 'base64' || limits === null) return block;
    const { source } = block;
    try {
      const given = { data: Buffer.from(source.data, 'base64'), declaredType: source.media_type };
      const { mediaType, data } = await preparer.prepare(given, limits, signal);
      if (mediaType === source.media_type && data.byteLength === given.data.byteLength) return block;
      const encoded = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
      return { type: 'image', source: { type: 'base64', media_type: mediaType, data: encoded } };
    } catch (error) {
      if (!isAppError(error) || error.code !== 'invalid_request') throw error;
      return { type: 'text', text: `[${error.message}]` };
    }
  };

  return Promise.all(
    limited.map(async (message) => {
      if (!message.content.some(hasImage)) return message;
      const content = await Promise.all(
        message.content.map(async (block): Promise<TranscriptBlock> => {
          if (block.type === 'tool_result')
            return hasImage(block)
              ? { ...block, content: await Promise.all(block.content.map(prepare)) }
              : block;
          return block.type === 'image' ? prepare(block) : block;
        }),
      );
      return { ...message, content };
    }),
  );
}

function hasImage(block: TranscriptBlock): boolean {
  return (
    block.type === 'image' ||
    (block.type === 'tool_result' && block.content.some(({ type }) => type === 'image'))
  );
}
