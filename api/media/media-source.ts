import { extension } from 'mime-types';
import { AppError } from '../../core/errors.ts';
import { fileNameOf } from '../../core/files/file-name.ts';
import { MEDIA_LIMITS } from '../../core/files/media-limits.ts';
import type { MessageContent, ToolResultContent } from '../../core/schema/content.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { StoredFile } from '../../providers/store/files.ts';
import type { WebFetcher, WebRequest } from '../../providers/web/web-fetcher.ts';

type AnyBlock = MessageContent[number] | ToolResultContent[number];

/** A block whose bytes lie somewhere. */
export type MediaBlock = Extract<AnyBlock, { type: 'image' | 'document' }>;

/** What stands behind a block. */
export interface GivenMedia {
  name: string | null;
  /** The type that its sender named; undefined where nobody vouches for one. */
  declaredType: string | undefined;
  /** Under which the bytes are stored already. */
  sha256: string | null;
  size: number;
  /** null: too large to be shown. */
  bytes: Uint8Array | null;
}

/** Whether a block holds more than words. */
export function isMedia(block: AnyBlock): block is MediaBlock {
  return block.type === 'image' || (block.type === 'document' && block.source.type !== 'text');
}

/**
 * Gets what a block shows: from the block itself, from the workspace's files, or from an address.
 *
 * @throws `invalid_request` for an address that cannot be fetched.
 */
export async function readMedia(
  deps: { blobs: Pick<BlobStore, 'get'>; fetcher: WebFetcher; decided: WebRequest['decided'] },
  workspaceId: string,
  { source, ...block }: MediaBlock,
  files: ReadonlyMap<string, StoredFile>,
  where: string,
  signal: AbortSignal,
): Promise<GivenMedia> {
  const title = block.type === 'document' ? (block.title ?? null) : null;
  switch (source.type) {
    case 'base64': {
      const bytes = Buffer.from(source.data, 'base64');
      const name = usableName(title, block.type, source.media_type);
      return { name, declaredType: source.media_type, sha256: null, size: bytes.byteLength, bytes };
    }
    case 'file': {
      const file = files.get(source.file_id);
      if (!file) throw new AppError('not_found', `${where}.file_id: file ${source.file_id} was not found.`);
      const { filename, mimeType, sha256, bytes: size } = file;
      const bytes = size > MEDIA_LIMITS.shownBytes ? null : await deps.blobs.get(workspaceId, sha256);
      const declaredType = mimeType === 'application/octet-stream' ? undefined : mimeType;
      return { name: filename, declaredType, sha256, size, bytes };
    }
    case 'url': {
      const request = {
        url: source.url,
        policy: { mode: 'unrestricted' },
        domains: {},
        asker: workspaceId,
        decided: deps.decided,
      } as const;
      const page = await deps.fetcher.fetch(request, signal);
      const refused = (why: string) =>
        new AppError('invalid_request', `${where}.url: ${source.url.slice(0, 200)} cannot be used: ${why}`);
      if ('refusal' in page) throw refused(page.refusal);
      if (page.status !== 200) throw refused(`it answers with status ${page.status}`);
      const name = usableName(
        title ?? new URL(page.url).pathname.split('/').at(-1) ?? null,
        block.type,
        page.mediaType,
      );
      // A server's word on the type is not the client's, so it is not held against anybody.
      return { name, declaredType: undefined, sha256: null, size: page.bytes.byteLength, bytes: page.bytes };
    }
    case 'text':
      throw new Error('a text needs no reading');
  }
}

/** A name that a file can have, with the extension of its type. */
function usableName(given: string | null, type: MediaBlock['type'], mediaType: string): string {
  const ending = extension(mediaType) || null;
  if (given === null || given.trim() === '') return ending === null ? type : `${type}.${ending}`;
  let name: string;
  try {
    name = fileNameOf(given.slice(0, 200), ending);
  } catch {
    name = given.replace(/[^\w.-]+/g, '_').slice(0, 200) || 'unnamed';
  }
  return /\.\w{1,8}$/.test(name) || ending === null ? name : `${name}.${ending}`;
}
