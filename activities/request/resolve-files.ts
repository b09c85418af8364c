import type {
  ContentBlock,
  DocumentBlock,
  ImageBlock,
  TranscriptBlock,
  TranscriptMessage,
} from '../../core/session/content.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';

type Sourced = ImageBlock | DocumentBlock;

/**
 * Puts the bytes of uploaded files where blocks name them by id, since no vendor knows our files. Messages without such blocks come
 * back as they are. A file that was deleted, expired or cannot be shown becomes a sentence that says so.
 */
export async function resolveFiles(
  deps: { files: Pick<FileStore, 'some'>; blobs: Pick<BlobStore, 'get'> },
  workspaceId: string,
  messages: readonly TranscriptMessage[],
): Promise<TranscriptMessage[]> {
  const ids = new Set<string>();
  for (const message of messages) for (const block of message.content) collect(block, ids);
  if (ids.size === 0) return [...messages];
  const files = new Map<string, StoredFile>();
  for (const file of await deps.files.some(workspaceId, [...ids])) files.set(file.id, file);

  async function resolve(block: ContentBlock): Promise<ContentBlock> {
    const id = fileIdOf(block);
    if (id === null) return block;
    const file = files.get(id);
    if (!file) return note(`The file ${id} is no longer available.`);
    const bytes = Buffer.from(await deps.blobs.get(workspaceId, file.sha256));
    if (block.type === 'image') {
      const source = { type: 'base64', media_type: file.mimeType, data: bytes.toString('base64') } as const;
      return { type: 'image', source };
    }
    return toDocument(block as DocumentBlock, file, bytes);
  }

  return Promise.all(
    messages.map(async (message) => ({
      ...message,
      content: await Promise.all(
        message.content.map(async (block): Promise<TranscriptBlock> => {
          if (block.type === 'tool_result') {
            return { ...block, content: await Promise.all(block.content.map(resolve)) };
          }
          return block.type === 'image' || block.type === 'document' ? resolve(block) : block;
        }),
      ),
    })),
  );
}

function toDocument(block: DocumentBlock, file: StoredFile, bytes: Buffer): ContentBlock {
  const { title = file.filename, context } = block;
  const shared = { type: 'document', title, ...(context === undefined ? {} : { context }) } as const;
  if (file.mimeType === 'application/pdf') {
    return {
      ...shared,
      source: { type: 'base64', media_type: file.mimeType, data: bytes.toString('base64') },
    };
  }
  if (file.mimeType.startsWith('text/') || file.mimeType === 'application/json') {
    return { ...shared, source: { type: 'text', media_type: 'text/plain', data: bytes.toString('utf8') } };
  }
  return note(`The file ${file.filename} (${file.mimeType}, ${file.bytes} bytes) cannot be shown here.`);
}

function collect(block: TranscriptBlock, ids: Set<string>): void {
  if (block.type === 'tool_result') for (const inner of block.content) collect(inner, ids);
  const id = block.type === 'image' || block.type === 'document' ? fileIdOf(block) : null;
  if (id !== null) ids.add(id);
}

function fileIdOf(block: ContentBlock): string | null {
  if (block.type !== 'image' && block.type !== 'document') return null;
  const { source }: Sourced = block;
  return source.type === 'file' ? source.file_id : null;
}

function note(text: string): ContentBlock {
  return { type: 'text', text: `[${text}]` };
}
