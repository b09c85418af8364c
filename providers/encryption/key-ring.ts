import { createHmac, hkdfSync } from 'node:crypto';
import { AppError } from '../../core/errors.ts';

/** A key of the ring; 32 bytes. Its id is stored beside everything that it encrypts. */
export interface EncryptionKey {
  id: string;
  key: Uint8Array;
}

/**
 * The keys of the service. The first one encrypts, all of them decrypt: a key is replaced by putting a new one in front, and may be
 * taken away once nothing that it encrypted is kept any more. A ring without keys encrypts nothing, and still knows what was encrypted
 * when it meets it.
 */
export interface KeyRing {
  /** Id of the key that encrypts; null: nothing is encrypted. */
  readonly current: string | null;
  /**
   * The key of one message, made from the ring's key and the message's own salt, so that no number of messages ever wears out the
   * ring's key or repeats a nonce. `purpose` keeps payloads, rows and blobs apart. Throws `key_missing` for an id that is not in the ring.
   */
  messageKey(keyId: string, salt: Uint8Array, purpose: Purpose): Buffer;
  /** A salt that the same content gets again under the same key, and that says nothing about the content to others. */
  saltOf(keyId: string, content: Uint8Array, purpose: Purpose): Buffer;
  /** What only a holder of the key can say, by which another key under its id is noticed. Nothing leads from it to the key. */
  proofOf(keyId: string): string;
}

export type Purpose = 'payload' | 'row' | 'blob';

export const SALT_BYTES = 32;

export function createKeyRing(keys: readonly EncryptionKey[]): KeyRing {
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  const keyOf = (id: string): Uint8Array => {
    const key = byId.get(id);
    if (key) return key;
    throw new AppError(
      'key_missing',
      `The encryption key ${JSON.stringify(id)} is not in encryption.keys, and stored data needs it. Put it back, behind the others.`,
    );
  };
  return {
    current: keys[0]?.id ?? null,
    messageKey: (keyId, salt, purpose) =>
      Buffer.from(hkdfSync('sha256', keyOf(keyId), salt, `managed-agent/${purpose}`, 32)),
    saltOf: (keyId, content, purpose) =>
      createHmac('sha256', keyOf(keyId)).update(`managed-agent/salt/${purpose}\0`).update(content).digest(),
    proofOf: (keyId) => createHmac('sha256', keyOf(keyId)).update('managed-agent/proof').digest('hex'),
  };
}
