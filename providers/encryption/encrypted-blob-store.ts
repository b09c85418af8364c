import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import {
  encryptedHeader,
  HEADER_BYTES,
  PIECE_BYTES,
  pieceCipher,
  PLAIN_HEADER,
  readHeader,
  SEALED_PIECE_BYTES,
  startsWithMark,
} from './blob-format.ts';
import { SALT_BYTES, type KeyRing } from './key-ring.ts';
import { pieces } from './pieces.ts';
import { undecryptable } from './seal.ts';

/**
 * Encrypts the blobs of another store. A blob is called by the hash of what is stored, so that names say nothing about contents either;
 * `bytes` counts the content. The same bytes put twice are one blob while the key stays; streams, which are encrypted before they are
 * known to their end, always make a new one. Blobs that were stored plain are read as they are. Reading throws `key_missing` and
 * `undecryptable` besides; a stream breaks with them before any byte that was not verified comes out.
 */
export function createEncryptedBlobStore(inner: BlobStore, ring: KeyRing): BlobStore {
  const stage: BlobStore['stage'] = async (workspaceId, source, limit) => {
    let bytes = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        if (bytes > limit)
          throw new AppError('too_large', `More than ${limit} bytes came; that is the most.`);
        yield chunk;
      }
    }
    const { current } = ring;
    const stored =
      current === null ? markedStream(counted()) : encryptedStream(ring, current, workspaceId, counted());
    const staged = await inner.stage(workspaceId, Readable.from(stored), Number.MAX_SAFE_INTEGER);
    return { ...staged, bytes };
  };

  return {
    async put(workspaceId, content) {
      const plain = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      const stored =
        ring.current === null ? marked(plain) : encrypted(ring, ring.current, workspaceId, plain);
      const { sha256 } = await inner.put(workspaceId, stored);
      return { sha256, bytes: plain.length };
    },

    async putStream(workspaceId, source, limit) {
      const { sha256, bytes, keep } = await stage(workspaceId, source, limit);
      await keep();
      return { sha256, bytes };
    },

    stage,
    remove: async (...args) => inner.remove(...args),

    async get(workspaceId, sha256) {
      const stored = Buffer.from(await inner.get(workspaceId, sha256));
      const place = placeOf(workspaceId);
      const header = readHeader(stored.subarray(0, HEADER_BYTES), place);
      const content = stored.subarray(header.length);
      if (header.kind === 'plain') return content;
      if (createHash('sha256').update(stored).digest('hex') !== sha256) throw undecryptable(place);
      const cipher = pieceCipher(ring, header.keyId, header.salt, place);
      const opened: Buffer[] = [];
      let from = 0;
      for (; content.length - from > SEALED_PIECE_BYTES; from += SEALED_PIECE_BYTES) {
        opened.push(cipher.open(content.subarray(from, from + SEALED_PIECE_BYTES), false));
      }
      opened.push(cipher.open(content.subarray(from), true));
      return Buffer.concat(opened);
    },

    async open(workspaceId, sha256) {
      const stored = await inner.open(workspaceId, sha256);
      return Readable.from(opened(ring, placeOf(workspaceId), sha256, stored), { objectMode: false });
    },

    has: async (workspaceId, sha256) => inner.has(workspaceId, sha256),
    list: () => inner.list(),
    sweep: async (graceMs, isReferenced) => inner.sweep(graceMs, isReferenced),
  };
}

function placeOf(workspaceId: string): string {
  return JSON.stringify(['blob', workspaceId]);
}

function marked(plain: Buffer): Buffer {
  return startsWithMark(plain) ? Buffer.concat([PLAIN_HEADER, plain]) : plain;
}

function encrypted(ring: KeyRing, keyId: string, workspaceId: string, plain: Buffer): Buffer {
  const place = placeOf(workspaceId);
  const salt = ring.saltOf(keyId, Buffer.concat([Buffer.from(`${place}\0`), plain]), 'blob');
  const cipher = pieceCipher(ring, keyId, salt, place);
  const stored = [encryptedHeader(keyId, salt)];
  let from = 0;
  for (; plain.length - from > PIECE_BYTES; from += PIECE_BYTES) {
    stored.push(cipher.seal(plain.subarray(from, from + PIECE_BYTES), false));
  }
  stored.push(cipher.seal(plain.subarray(from), true));
  return Buffer.concat(stored);
}

async function* encryptedStream(
  ring: KeyRing,
  keyId: string,
  workspaceId: string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const cipher = pieceCipher(ring, keyId, salt, placeOf(workspaceId));
  yield encryptedHeader(keyId, salt);
  for await (const { piece, last } of pieces(source, PIECE_BYTES)) yield cipher.seal(piece, last);
}

async function* markedStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let first = true;
  for await (const { piece } of pieces(source, PIECE_BYTES)) {
    if (first && startsWithMark(piece)) yield PLAIN_HEADER;
    first = false;
    yield piece;
  }
}

/** The content of a stored blob. The last piece comes out only when the hash of everything is the blob's name. */
async function* opened(
  ring: KeyRing,
  place: string,
  sha256: string,
  stored: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const iterator = stored[Symbol.asyncIterator]();
  const start: Buffer[] = [];
  let length = 0;
  while (length < HEADER_BYTES) {
    const next = await iterator.next();
    if (next.done) break;
    start.push(Buffer.from(next.value));
    length += next.value.length;
  }
  const head = Buffer.concat(start);
  const header = readHeader(head.subarray(0, HEADER_BYTES), place);
  hash.update(head);
  async function* content(): AsyncGenerator<Uint8Array> {
    yield head.subarray(header.length);
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      hash.update(next.value);
      yield next.value;
    }
  }
  try {
    if (header.kind === 'plain') {
      for await (const chunk of content()) yield Buffer.from(chunk);
      return;
    }
    const cipher = pieceCipher(ring, header.keyId, header.salt, place);
    for await (const { piece, last } of pieces(content(), SEALED_PIECE_BYTES)) {
      const plain = cipher.open(piece, last);
      if (last && hash.digest('hex') !== sha256) throw undecryptable(place);
      yield plain;
    }
  } finally {
    // A reader that goes away early must not leave the file open.
    await iterator.return?.();
  }
}
