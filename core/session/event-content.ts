import { pinsOf, type MediaPin, type PlacedFile } from '../journal/media-pins.ts';
import type { JsonObject } from '../json.ts';
import type { ContentBlock, DocumentBlock } from './content.ts';

/**
 * What an event's content is to a model: blocks that were pinned when the event was accepted show what the pin says, with a line that
 * says where the file lies in the sandbox. The journal holds only content that passed the API's schemas or came from our own tools.
 */
export function eventContent(body: JsonObject): ContentBlock[] {
  const { content } = body;
  if (!Array.isArray(content)) return [];
  const blocks = content as object[] as ContentBlock[];
  const pins = new Map(pinsOf(body).map((pin) => [pin.at, pin]));
  return blocks.flatMap((block, at) => {
    const pin = pins.get(at);
    return pin === undefined ? [withoutFileId(block)] : pinned(block, pin);
  });
}

function pinned(block: ContentBlock, { name, shown, file }: MediaPin): ContentBlock[] {
  const about = file === null ? [] : [note(placeOf(file))];
  if (shown === null) return about;
  const { sha256, bytes } = shown;
  if (shown.type === 'image') {
    const { media_type } = shown;
    return [{ type: 'image', source: { type: 'stored', media_type, sha256, bytes } }, ...about];
  }
  const given: Pick<DocumentBlock, 'title' | 'context'> = block.type === 'document' ? block : {};
  const title = given.title ?? name;
  const document: DocumentBlock = {
    type: 'document',
    source:
      shown.type === 'pdf'
        ? {
            type: 'stored',
            media_type: 'application/pdf',
            sha256,
            bytes,
            pdf: { pages: shown.pages, text: shown.text },
          }
        : { type: 'stored', media_type: 'text/plain', sha256, bytes },
    ...(title === null ? {} : { title }),
    ...(given.context == null ? {} : { context: given.context }),
  };
  return [document, ...about];
}

function placeOf({ name, media_type: type, bytes, path }: PlacedFile): string {
  return `The file ${name} (${type}, ${bytes} bytes) lies in your sandbox at ${path}`;
}

/** A file that was named and never pinned cannot be had: files may change or go, and the log has to say the same for ever. */
function withoutFileId(block: ContentBlock): ContentBlock {
  if (block.type !== 'image' && block.type !== 'document') return block;
  const source: { type: string } = block.source;
  return source.type === 'file' ? note(`The file of this ${block.type} was not kept`) : block;
}

function note(text: string): ContentBlock {
  return { type: 'text', text: `[${text}.]` };
}
