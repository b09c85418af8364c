import { AppError } from '../../core/errors.ts';
import { samePlace } from '../../core/files/mount-path.ts';
import type { Json } from '../../core/json.ts';
import type { MessageContent } from '../../core/schema/content.ts';
import type { SimpleMessage } from '../../core/schema/simple.ts';
import type { StoredFile } from '../../providers/store/files.ts';
import type { StoredResource } from '../../providers/store/sessions.ts';

/** A file of a session, as an upload answers it and a message names it. */
export interface Attachment {
  path: string;
  filename: string;
  size: number;
  mime_type: string;
  is_image: boolean;
}

const NOTE = /^\[Attached file: (\/.*) \(([\w.+-]+\/[\w.+-]+), (\d+) bytes\)\]$/;

export function toAttachment(path: string, file: StoredFile): Attachment {
  const { filename, bytes, mimeType } = file;
  const isImage = mimeType.startsWith('image/');
  return { path, filename, size: bytes, mime_type: mimeType, is_image: isImage };
}

/**
 * What a message says to the agent: its text, images as such, other files as a line that tells where they are.
 *
 * @param resources - the session's files, with what is known of them.
 * @throws `invalid_request` for an attachment that is no file of the session.
 */
export function toContent(
  { message, attachments }: SimpleMessage,
  resources: readonly { resource: StoredResource; file: StoredFile }[],
): MessageContent {
  const content: MessageContent = message.trim() === '' ? [] : [{ type: 'text', text: message }];
  for (const [index, { path }] of attachments.entries()) {
    const found = resources.find(({ resource }) => samePlace(resource.mountPath, path));
    if (!found) {
      throw new AppError(
        'invalid_request',
        `attachments.${index}.path: ${JSON.stringify(path)} is no file of this session; upload it first.`,
      );
    }
    const { mountPath } = found.resource;
    const { is_image: isImage, mime_type: type, size } = toAttachment(mountPath, found.file);
    if (isImage) content.push({ type: 'image', source: { type: 'file', file_id: found.file.id } });
    content.push({ type: 'text', text: `[Attached file: ${mountPath} (${type}, ${size} bytes)]` });
  }
  return content;
}

/** What a stored message said, and which files it named: the other way round. */
export function fromContent(content: Json | undefined): { text: string; attachments: Attachment[] } {
  const texts: string[] = [];
  const attachments: Attachment[] = [];
  for (const block of Array.isArray(content) ? content : []) {
    const { type, text } = block as { type: string; text?: string };
    if (type !== 'text' || text === undefined) continue;
    const [, path, mimeType, size] = NOTE.exec(text) ?? [];
    if (path === undefined || mimeType === undefined) {
      texts.push(text);
      continue;
    }
    const filename = path.split('/').at(-1) ?? path;
    const isImage = mimeType.startsWith('image/');
    attachments.push({ path, filename, size: Number(size), mime_type: mimeType, is_image: isImage });
  }
  return { text: texts.join('\n'), attachments };
}
