import type { KeyRing } from '../../encryption/key-ring.ts';
import { openBytes, sealBytes } from '../../encryption/seal.ts';

/** PostgreSQL keeps notifications in files until all have read them, so where contents are encrypted, these are too. */
export interface PayloadSeal {
  /** Bytes that a payload may have before it is sealed. */
  readonly payloadBytes: number;
  seal(payload: string): string;
  /** Gives a payload that was never sealed as it is. Throws `key_missing` and `undecryptable`. */
  open(payload: string): string;
}

/** PostgreSQL refuses payloads of 8,000 bytes. */
const PLAIN_BYTES = 7_900;
/** Base64 makes three bytes four; the id of the key, the salt and the tag come on top. */
const SEALED_BYTES = 5_700;
/** Begins a sealed payload; plain ones begin with the id of a session. */
const MARK = '!';
const PLACE = 'bus';

export function createPayloadSeal(ring: KeyRing): PayloadSeal {
  return {
    payloadBytes: ring.current === null ? PLAIN_BYTES : SEALED_BYTES,
    seal(payload) {
      if (ring.current === null) return payload;
      const { keyId, data } = sealBytes(ring, ring.current, Buffer.from(payload), 'payload', PLACE);
      return `${MARK}${Buffer.from(keyId).toString('base64url')}.${data.toString('base64')}`;
    },
    open(payload) {
      if (!payload.startsWith(MARK)) return payload;
      const [keyId = '', data = ''] = payload.slice(MARK.length).split('.');
      const sealed = {
        keyId: Buffer.from(keyId, 'base64url').toString('utf8'),
        data: Buffer.from(data, 'base64'),
      };
      return openBytes(ring, sealed, 'payload', PLACE).toString('utf8');
    },
  };
}
