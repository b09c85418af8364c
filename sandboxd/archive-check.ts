import { extract, type Header } from 'tar-stream';

import { SHELL_STATE } from './archive-listing.ts';

/** The first entry of an archive of changes: names that are gone, each ended by NUL. */
export const REMOVED = 'removed';
const REMOVED_BYTES = 64 * 1024 * 1024;

/** Looks at the entries of a tar stream while it passes by. */
export interface ArchiveCheck {
  /** Takes the next bytes. Rejects for an entry that must not be there. */
  feed(chunk: Uint8Array): Promise<void>;
  /** The names to remove first, once they are known: from then on entries may be written. */
  removed(): Buffer | undefined;
  /** Takes the end. Rejects for a stream that was cut short. */
  end(): Promise<void>;
}

function isInside(name: string, folders: readonly string[]): boolean {
  if (name === SHELL_STATE) return true;
  const parts = name.replace(/\/$/, '').split('/');
  return parts.length > 1 && folders.includes(parts[0] ?? '') && !parts.includes('..') && !parts.includes('');
}

function refusalOf(header: Header, folders: readonly string[]): string | undefined {
  const { name, type } = header;
  if (!isInside(name, folders)) return `it leads out of the kept folders: ${name}`;
  switch (type ?? 'unknown') {
    case 'file':
    case 'contiguous-file':
    case 'directory':
    case 'symlink':
      return undefined;
    case 'link':
      return isInside(header.linkname ?? '', folders)
        ? undefined
        : `the link ${name} leads out of the kept folders`;
    default:
      return `${name} is a ${type}`;
  }
}

/** @param folders - the top folders that entries may lie in. */
export function createArchiveCheck(folders: readonly string[]): ArchiveCheck {
  const parser = extract();
  let removed: Buffer | undefined;
  let failure: Error | undefined;
  let isFirst = true;
  const fail = (message: string): void => {
    failure ??= new Error(`the archive is refused: ${message}`);
  };
  parser.on('error', (error: Error) => fail(error.message));
  parser.on('entry', (header, content, next) => {
    const wasFirst = isFirst;
    isFirst = false;
    if (wasFirst && header.name === REMOVED && header.type === 'file') {
      const parts: Buffer[] = [];
      if (header.size > REMOVED_BYTES) fail('its list of removed names is too long');
      content.on('data', (part) => parts.push(part as Buffer));
      content.once('end', () => {
        const names = Buffer.concat(parts);
        const listed = names.toString('latin1').split('\0').slice(0, -1);
        if (listed.every((name) => isInside(name, folders))) removed = names;
        else fail('it removes what is not in the kept folders');
        next();
      });
      return;
    }
    removed ??= Buffer.alloc(0);
    const refusal = refusalOf(header, folders);
    if (refusal !== undefined) fail(refusal);
    content.once('end', next);
    content.resume();
  });
  const ended = new Promise<void>((resolve) => parser.once('close', () => resolve()));
  const check = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    async feed(chunk) {
      check();
      if (!parser.write(Buffer.from(chunk))) {
        await new Promise<void>((resolve) => {
          const go = (): void => {
            parser.off('drain', go).off('error', go).off('close', go);
            resolve();
          };
          parser.on('drain', go).on('error', go).on('close', go);
        });
      }
      check();
    },
    removed: () => removed,
    async end() {
      parser.end(null);
      await ended;
      check();
      removed ??= Buffer.alloc(0);
    },
  };
}
