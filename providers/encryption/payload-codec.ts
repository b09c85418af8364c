import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { AppError } from '../../core/errors.ts';
import type { KeyRing } from './key-ring.ts';
import { openBytes, sealBytes } from './seal.ts';

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const PLACE = 'temporal';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/**
 * Encrypts everything that Temporal stores of a session: inputs, results, signals, summaries, details, failures. Search attributes,
 * ids and types stay readable: Temporal has to work with them. Decoding takes plain payloads as they are, so that keys can be switched
 * on under running sessions, and throws `key_missing` or `undecryptable`.
 */
export function createPayloadCodec(ring: KeyRing): PayloadCodec {
  return {
    encode: async (payloads) => payloads.map((payload) => encode(ring, payload)),
    decode: async (payloads) => payloads.map((payload) => decode(ring, payload)),
  };
}

function encode(ring: KeyRing, payload: Payload): Payload {
  if (ring.current === null || encodingOf(payload) === ENCODING) return payload;
  const plain = PayloadMessage.encode(payload).finish();
  const { keyId, data } = sealBytes(ring, ring.current, plain, 'payload', PLACE);
  return {
    metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(keyId) },
    data,
  };
}

function decode(ring: KeyRing, payload: Payload): Payload {
  if (encodingOf(payload) !== ENCODING) return payload;
  const keyId = payload.metadata?.[KEY_ID];
  if (!keyId || !payload.data) {
    throw new AppError('undecryptable', 'An encrypted payload of Temporal names no key or has no data.');
  }
  const sealed = { keyId: Buffer.from(keyId).toString('utf8'), data: Buffer.from(payload.data) };
  return PayloadMessage.decode(openBytes(ring, sealed, 'payload', PLACE));
}

function encodingOf(payload: Payload): string {
  return Buffer.from(payload.metadata?.[METADATA_ENCODING_KEY] ?? []).toString('utf8');
}
