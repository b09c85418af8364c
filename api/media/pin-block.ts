import { extension, lookup } from 'mime-types';
import { AppError, isAppError } from '../../core/errors.ts';
import { placeableName } from '../../core/files/file-name.ts';
import { MEDIA_LIMITS } from '../../core/files/media-limits.ts';
import type { PlacedFile, ShownMedia, MediaPin } from '../../core/journal/media-pins.ts';
import type { ImageLimits } from '../../core/models/model-entry.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { PdfReader } from '../../providers/document/pdf-reader.ts';
import type { ImagePreparer } from '../../providers/image/image-preparer.ts';
import { MEDIA_TYPES, sniffFormat } from '../../providers/image/sniff-format.ts';
import type { NewId } from '../new-id.ts';
import type { GivenMedia, MediaBlock } from './media-source.ts';

export interface PinDeps {
  blobs: Pick<BlobStore, 'put'>;
  images: ImagePreparer;
  pdfs: PdfReader;
  newId: NewId;
}

/** For whom a block is prepared. */
export interface MediaAudience {
  workspaceId: string;
  model: string;
  /** What images the model takes; null: none. */
  imageLimits: ImageLimits | null;
  /** Whether the agent has tools that reach files in a sandbox. */
  reachesFiles: boolean;
  /** What lies in the session's sandbox already: paths, with the id of the file where it is one. */
  resources: readonly { mountPath: string; fileId?: string }[];
}

/**
 * Decides what a model is shown of a block and what of it goes into the sandbox: images are converted to what the model takes, PDFs are
 * read, text is taken as text, and any other file is only placed.
 *
 * @throws `invalid_request` naming `where` for what is broken, is not what it says it is, is too large, or can be used by nobody;
 * `unavailable` when too much waits to be decoded.
 */
export async function pinBlock(
  deps: PinDeps,
  audience: MediaAudience,
  { type, source }: Pick<MediaBlock, 'type' | 'source'>,
  given: GivenMedia,
  where: string,
  signal: AbortSignal,
): Promise<Omit<MediaPin, 'at'>> {
  const shown = await show(deps, audience, type, given, where, signal);
  const isPlaced = audience.reachesFiles && (type === 'document' || source.type === 'file');
  if (shown === null && !isPlaced) {
    throw refusal(
      where,
      `${given.name ?? 'it'} (${given.size} bytes) is nothing that a model can be shown, and the agent has no tools that read files`,
    );
  }
  const held = audience.resources.find(({ fileId }) => source.type === 'file' && fileId === source.file_id);
  const file = isPlaced ? await place(deps, audience.workspaceId, given, held?.mountPath) : null;
  return { name: given.name, shown, file };
}

async function show(
  deps: PinDeps,
  audience: MediaAudience,
  type: MediaBlock['type'],
  given: GivenMedia,
  where: string,
  signal: AbortSignal,
): Promise<ShownMedia | null> {
  const { bytes } = given;
  const isImage = type === 'image' || (bytes !== null && sniffFormat(bytes) !== undefined);
  if (isImage) {
    if (bytes === null || bytes.byteLength > MEDIA_LIMITS.shownBytes) throw tooLarge(where, given.size);
    return showImage(deps, audience, { ...given, bytes }, where, signal);
  }
  if (bytes === null) return null;
  if (isPdf(bytes)) return showPdf(deps, audience.workspaceId, { ...given, bytes }, where, signal);
  if (given.declaredType === 'application/pdf')
    throw refusal(where, 'it is said to be a PDF, which it is not');
  const text = textOf(bytes);
  if (text === null || text.length > MEDIA_LIMITS.textCharacters) return null;
  if (text.trim() === '') return null;
  return { type: 'text', ...(await store(deps, audience.workspaceId, { ...given, bytes })) };
}

async function showImage(
  deps: PinDeps,
  { workspaceId, model, imageLimits }: MediaAudience,
  given: GivenMedia & { bytes: Uint8Array },
  where: string,
  signal: AbortSignal,
): Promise<ShownMedia> {
  if (imageLimits === null) {
    throw new AppError('invalid_request', `${where}: the model ${model} takes no images`, {
      details: { error_code: 'model_does_not_support_images' },
    });
  }
  const { bytes, declaredType } = given;
  try {
    const image = { workspaceId, data: bytes, ...(declaredType === undefined ? {} : { declaredType }) };
    const { mediaType, data } = await deps.images.prepare(image, imageLimits, signal);
    const isSame = Buffer.compare(data, bytes) === 0;
    const stored = await store(deps, workspaceId, isSame ? given : { bytes: data, sha256: null });
    return { type: 'image', media_type: mediaType, ...stored };
  } catch (error) {
    if (isAppError(error) && error.code === 'invalid_request') throw refusal(where, error.message);
    throw error;
  }
}

async function showPdf(
  deps: PinDeps,
  workspaceId: string,
  given: GivenMedia & { bytes: Uint8Array },
  where: string,
  signal: AbortSignal,
): Promise<ShownMedia> {
  const read = await deps.pdfs.read(workspaceId, given.bytes, signal);
  if ('refusal' in read) throw refusal(where, `the PDF cannot be used: ${read.refusal}`);
  const text = read.text === '' ? null : await deps.blobs.put(workspaceId, Buffer.from(read.text, 'utf8'));
  return { type: 'pdf', pages: read.pages, text, ...(await store(deps, workspaceId, given)) };
}

/** @param held - where it lies already. */
async function place(
  deps: PinDeps,
  workspaceId: string,
  given: GivenMedia,
  held: string | undefined,
): Promise<PlacedFile> {
  const { bytes } = given;
  const stored =
    given.sha256 !== null || bytes === null
      ? { sha256: given.sha256 ?? '', bytes: given.size }
      : await store(deps, workspaceId, { ...given, bytes });
  const mediaType = given.declaredType ?? mediaTypeOf(given);
  const name = given.name ?? `unnamed.${extension(mediaType) || 'bin'}`;
  return {
    ...stored,
    file_id: deps.newId('file'),
    resource_id: deps.newId('resource'),
    name,
    media_type: mediaType,
    // The same file sent twice lies in one place; two files of one name do not meet.
    path: held ?? `/mnt/session/uploads/${stored.sha256.slice(0, 12)}/${placeableName(name)}`,
  };
}

function mediaTypeOf({ name, bytes }: GivenMedia): string {
  const format = bytes === null ? undefined : sniffFormat(bytes);
  if (format !== undefined) return MEDIA_TYPES[format];
  return lookup(name ?? '') || 'application/octet-stream';
}

async function store(
  deps: PinDeps,
  workspaceId: string,
  { bytes, sha256 }: { bytes: Uint8Array; sha256: string | null },
): Promise<{ sha256: string; bytes: number }> {
  if (sha256 !== null) return { sha256, bytes: bytes.byteLength };
  return deps.blobs.put(workspaceId, bytes);
}

function isPdf(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1_024)).includes('%PDF-');
}

/** The bytes as text; null for what is none. */
function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

function tooLarge(where: string, size: number): AppError {
  return refusal(where, `it has ${size} bytes; an image may have ${MEDIA_LIMITS.shownBytes}`);
}

function refusal(where: string, why: string): AppError {
  return new AppError('invalid_request', `${where}: ${why}`);
}
