import { createCipheriv, createDecipheriv } from 'node:crypto';
import { SALT_BYTES, type KeyRing } from './key-ring.ts';
import { undecryptable } from './seal.ts';

/**
 * An encrypted blob: mark, length of the key's id, the id, salt, then pieces of ciphertext with a tag each. A piece's nonce is its number
 * and whether it is the last, so that pieces cannot be left out, swapped or cut off, and a stream is checked before it is handed on. A
 * length of zero means that plain bytes follow: those that happen to start with the mark.
 */
const MARK = Buffer.from('9d3be1f04d412d41454e4331a76c05ee', 'hex');

export const PIECE_BYTES = 64 * 1024;
const TAG_BYTES = 16;
export const SEALED_PIECE_BYTES = PIECE_BYTES + TAG_BYTES;
/** As much of a blob as decides what it is. */
export const HEADER_BYTES = MARK.length + 1 + 255 + SALT_BYTES;

/** What a blob starts with. `length` bytes of it are not content. */
export type BlobHeader =
  { kind: 'plain'; length: number } | { kind: 'encrypted'; length: number; keyId: string; salt: Buffer };

/** Reads the start of a stored blob: the first {@link HEADER_BYTES}, or all of it. */
export function readHeader(start: Buffer, place: string): BlobHeader {
  if (!startsWithMark(start)) return { kind: 'plain', length: 0 };
  const idLength = start[MARK.length];
  if (idLength === undefined) throw undecryptable(place);
  const afterId = MARK.length + 1 + idLength;
  if (idLength === 0) return { kind: 'plain', length: afterId };
  const salt = start.subarray(afterId, afterId + SALT_BYTES);
  if (salt.length < SALT_BYTES) throw undecryptable(place);
  const keyId = start.subarray(MARK.length + 1, afterId).toString('utf8');
  return { kind: 'encrypted', length: afterId + SALT_BYTES, keyId, salt };
}

/** Whether plain bytes must be marked as such, since they look encrypted. */
export function startsWithMark(bytes: Buffer): boolean {
  return bytes.subarray(0, MARK.length).equals(MARK);
}

/** What goes in front of plain bytes that start with the mark. */
export const PLAIN_HEADER = Buffer.concat([MARK, Buffer.from([0])]);

export function encryptedHeader(keyId: string, salt: Buffer): Buffer {
  const id = Buffer.from(keyId, 'utf8');
  if (id.length > 255) throw new RangeError('the id of a key has more than 255 bytes');
  return Buffer.concat([MARK, Buffer.from([id.length]), id, salt]);
}

/** Encrypts or decrypts one blob, piece by piece, in order. */
export interface PieceCipher {
  seal(piece: Buffer, last: boolean): Buffer;
  /** Throws `undecryptable`. */
  open(piece: Buffer, last: boolean): Buffer;
}

export function pieceCipher(ring: KeyRing, keyId: string, salt: Buffer, place: string): PieceCipher {
  const key = ring.messageKey(keyId, salt, 'blob');
  let number = 0;
  const nonce = (last: boolean): Buffer => {
    const bytes = Buffer.alloc(12);
    bytes.writeUIntBE(number++, 5, 6);
    bytes[11] = last ? 1 : 0;
    return bytes;
  };
  return {
    seal(piece, last) {
      const cipher = createCipheriv('aes-256-gcm', key, nonce(last));
      cipher.setAAD(Buffer.from(place));
      return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
    },
    open(piece, last) {
      if (piece.length < TAG_BYTES) throw undecryptable(place);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce(last));
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(piece.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final()]);
      } catch (error) {
        throw undecryptable(place, error);
      }
    },
  };
}
