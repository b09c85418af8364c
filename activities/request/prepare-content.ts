import { isAppError } from '../../core/errors.ts';
import { MEDIA_LIMITS } from '../../core/files/media-limits.ts';
import type { ModelEntry } from '../../core/models/model-entry.ts';
import type {
  ContentBlock,
  DocumentBlock,
  ImageBlock,
  TranscriptBlock,
  TranscriptMessage,
} from '../../core/session/content.ts';
import { limitImages } from '../../core/session/context/limit-images.ts';
import { limitMedia } from '../../core/session/context/limit-media.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { GivenImage, ImagePreparer } from '../../providers/image/image-preparer.ts';
import { mediaCharacters, type ContentCache } from './content-cache.ts';

export interface ContentDeps {
  blobs: Pick<BlobStore, 'get'>;
  images: ImagePreparer;
  contents: ContentCache;
}

type Target = Pick<ModelEntry, 'images' | 'pdf'>;

/**
 * Makes a transcript one that a model takes: its images loaded and converted where they have to be, the oldest left out where there are
 * too many; PDFs as they are, or as their text where the model takes none or they are long. What cannot be used becomes a sentence that
 * says why, since the conversation has to go on. The same transcript and model always give the same bytes.
 *
 * @throws `unavailable` when too many images wait, and what the blob store throws; both may pass.
 */
export async function prepareContent(
  deps: ContentDeps,
  workspaceId: string,
  target: Target,
  messages: readonly TranscriptMessage[],
  signal: AbortSignal,
): Promise<TranscriptMessage[]> {
  if (!messages.some(({ content }) => content.some(hasMedia))) return [...messages];
  const limited = limitImages(messages, target.images?.maxCount ?? 0);

  const prepare = async (block: ContentBlock): Promise<ContentBlock> => {
    if (block.type === 'image') return toImage(deps, workspaceId, target, block, signal);
    if (block.type === 'document') return toDocument(deps, workspaceId, target, block);
    return block;
  };
  const prepared: TranscriptMessage[] = [];
  for (const message of limited) {
    if (!message.content.some(hasMedia)) {
      prepared.push(message);
      continue;
    }
    const content: TranscriptBlock[] = [];
    for (const block of message.content) {
      if (!hasMedia(block)) content.push(block);
      else if (block.type !== 'tool_result') content.push(await prepare(block as ContentBlock));
      else {
        const inner: ContentBlock[] = [];
        for (const one of block.content) inner.push(await prepare(one));
        content.push({ ...block, content: inner });
      }
    }
    prepared.push({ ...message, content });
  }
  return limitMedia(prepared, MEDIA_LIMITS.requestCharacters, mediaCharacters);
}

async function toImage(
  deps: ContentDeps,
  workspaceId: string,
  { images }: Target,
  block: ImageBlock,
  signal: AbortSignal,
): Promise<ContentBlock> {
  const { source } = block;
  if (images === null) return block;
  if (source.type === 'url') return note(`An image at ${source.url} was not fetched`);
  const content = source.type === 'stored' ? `${workspaceId} ${source.sha256}` : deps.contents.hashOf(source);
  const { mediaTypes, maxBytes, maxPixelsPerSide } = images;
  const key = JSON.stringify([content, source.media_type, mediaTypes, maxBytes, maxPixelsPerSide]);
  const known = deps.contents.get(key);
  if (known !== undefined) return known;
  const data =
    source.type === 'stored'
      ? await load(deps, workspaceId, source.sha256)
      : Buffer.from(source.data, 'base64');
  if (data === null) return note('An image that was here is lost');
  const made = await convert(deps.images, { workspaceId, data }, images, signal);
  deps.contents.set(key, made);
  return made;
}

/** What the bytes are counts, not what a tool says of them. */
async function convert(
  preparer: ImagePreparer,
  image: GivenImage,
  limits: NonNullable<Target['images']>,
  signal: AbortSignal,
): Promise<ContentBlock> {
  try {
    const { mediaType, data } = await preparer.prepare(image, limits, signal);
    return { type: 'image', source: { type: 'base64', media_type: mediaType, data: base64(data) } };
  } catch (error) {
    if (!isAppError(error) || error.code !== 'invalid_request') throw error;
    return { type: 'text', text: `[${error.message}]` };
  }
}

async function toDocument(
  deps: ContentDeps,
  workspaceId: string,
  target: Target,
  block: DocumentBlock,
): Promise<ContentBlock> {
  const { source } = block;
  const title = block.title ?? 'a document';
  if (source.type === 'text') return block;
  if (source.type === 'url') return note(`The document at ${source.url} was not fetched`);
  if (source.type === 'base64') {
    // Documents of users are stored when they are accepted; this one is a tool's.
    return target.pdf && source.media_type === 'application/pdf'
      ? block
      : note(`${title} (${source.media_type}) cannot be shown to this model`);
  }
  const { pdf } = source;
  const isNative =
    pdf !== undefined &&
    target.pdf &&
    pdf.pages <= MEDIA_LIMITS.nativePdfPages &&
    source.bytes <= MEDIA_LIMITS.nativePdfBytes;
  const text = pdf === undefined ? source : pdf.text;
  if (!isNative && text === null) {
    return note(`${title} is a PDF of pictures without text, which cannot be shown to this model`);
  }
  const { sha256 } = isNative || text === null ? source : text;
  const key = JSON.stringify([workspaceId, sha256, isNative, block.title ?? null, block.context ?? null]);
  const known = deps.contents.get(key);
  if (known !== undefined) return known;
  const bytes = await load(deps, workspaceId, sha256);
  if (bytes === null) return note(`The content of ${title} is lost`);
  const made: DocumentBlock = {
    ...block,
    source: isNative
      ? { type: 'base64', media_type: 'application/pdf', data: base64(bytes) }
      : { type: 'text', media_type: 'text/plain', data: new TextDecoder().decode(bytes) },
  };
  deps.contents.set(key, made);
  return made;
}

/** The blob, or null for one that is gone: a session must not be stuck for the loss of one image. */
async function load(deps: ContentDeps, workspaceId: string, sha256: string): Promise<Uint8Array | null> {
  return deps.blobs.get(workspaceId, sha256).catch((error: unknown) => {
    if (isAppError(error) && error.code === 'not_found') return null;
    throw error;
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function hasMedia(block: TranscriptBlock): boolean {
  return (
    block.type === 'image' ||
    block.type === 'document' ||
    (block.type === 'tool_result' &&
      block.content.some(({ type }) => type === 'image' || type === 'document'))
  );
}

function note(text: string): ContentBlock {
  return { type: 'text', text: `[${text}.]` };
}
