import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { SALT_BYTES, type KeyRing, type Purpose } from './key-ring.ts';

const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
/** Each message has a key of its own, so the nonce need not differ. */
const NONCE = Buffer.alloc(12);

/** Encrypted bytes: salt, ciphertext, tag. */
export interface Sealed {
  keyId: string;
  data: Buffer;
}

/**
 * Encrypts bytes with the ring's current key (`keyId`).
 *
 * @param place - where the result will be stored; it opens nowhere else.
 */
export function sealBytes(
  ring: KeyRing,
  keyId: string,
  plain: Uint8Array,
  purpose: Purpose,
  place: string,
): Sealed {
  const salt = randomBytes(SALT_BYTES);
  const cipher = createCipheriv(CIPHER, ring.messageKey(keyId, salt, purpose), NONCE);
  cipher.setAAD(Buffer.from(place));
  return { keyId, data: Buffer.concat([salt, cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

/**
 * Decrypts what {@link sealBytes} made.
 *
 * @throws `key_missing`; `undecryptable` when the bytes were changed or belong to another place.
 */
export function openBytes(ring: KeyRing, sealed: Sealed, purpose: Purpose, place: string): Buffer {
  const { keyId, data } = sealed;
  if (data.length < SALT_BYTES + TAG_BYTES) throw undecryptable(place);
  const key = ring.messageKey(keyId, data.subarray(0, SALT_BYTES), purpose);
  const decipher = createDecipheriv(CIPHER, key, NONCE);
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(data.subarray(SALT_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw undecryptable(place, error);
  }
}

export function undecryptable(place: string, cause?: unknown): AppError {
  return new AppError(
    'undecryptable',
    `Encrypted data cannot be read: it was changed, or moved here from elsewhere (${place}).`,
    { cause },
  );
}
