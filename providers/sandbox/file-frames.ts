import { Readable } from 'node:stream';

/** A file on its way into a sandbox. */
export interface FramedFile {
  /** As sandboxd sees it, absolute. */
  path: string;
  /** Permission bits. */
  mode: number;
  content: AsyncIterable<Uint8Array>;
}

/** What is read of a description at most. */
const HEADER_BYTES = 64 * 1024;
const PIECE_BYTES = 64 * 1024 * 1024;

function framed(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * Many files as one stream of bytes: of each its description, then its content in pieces; every part behind its length, an empty one
 * ends a file. Files are opened one after another.
 */
export function toFileFrames(
  files: Iterable<{ path: string; mode: number; open(): Promise<Readable> }>,
): Readable {
  async function* frames(): AsyncGenerator<Buffer> {
    for (const { path, mode, open } of files) {
      yield framed(Buffer.from(JSON.stringify({ path, mode })));
      for await (const piece of await open()) {
        // A stream may give text; sandboxd gets its bytes.
        const bytes = typeof piece === 'string' ? Buffer.from(piece) : (piece as Buffer);
        if (bytes.length > 0) yield framed(bytes);
      }
      yield Buffer.alloc(4);
    }
  }
  return Readable.from(frames(), { objectMode: false });
}

/** The files of such a stream. Each must be read to its end before the next is asked for. Rejects for what is no such stream. */
export async function* fromFileFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<FramedFile> {
  const take = reader(source);
  for (;;) {
    const length = await take(4, 'may end');
    if (length === null) return;
    const size = length.readUInt32BE();
    if (size === 0 || size > HEADER_BYTES) throw new RangeError('a file without a description');
    const header = JSON.parse((await needed(take, size)).toString('utf8')) as { path: string; mode: number };
    yield { path: header.path, mode: header.mode, content: pieces(take) };
  }
}

async function* pieces(take: Take): AsyncGenerator<Buffer> {
  for (;;) {
    const size = (await needed(take, 4)).readUInt32BE();
    if (size === 0) return;
    if (size > PIECE_BYTES) throw new RangeError('a piece of a file is too long');
    yield await needed(take, size);
  }
}

/** Gives so many bytes; null where the stream may end and does. */
type Take = (bytes: number, end?: 'may end') => Promise<Buffer | null>;

async function needed(take: Take, bytes: number): Promise<Buffer> {
  const taken = await take(bytes);
  if (taken === null) throw new RangeError('the files end before their end');
  return taken;
}

function reader(source: AsyncIterable<Uint8Array>): Take {
  const iterator = source[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let length = 0;
  return async (bytes, end) => {
    while (length < bytes) {
      const next = await iterator.next();
      if (next.done === true) {
        if (length === 0 && end !== undefined) return null;
        throw new RangeError('the files end before their end');
      }
      held.push(Buffer.from(next.value));
      length += next.value.length;
    }
    const all = held.length === 1 ? (held[0] ?? Buffer.alloc(0)) : Buffer.concat(held);
    held = [all.subarray(bytes)];
    length -= bytes;
    return all.subarray(0, bytes);
  };
}
