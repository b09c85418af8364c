import type { Json } from '../../core/json.ts';
import { createKeyRing, type KeyRing } from './key-ring.ts';
import { openBytes, sealBytes } from './seal.ts';

/** Under this key lies what is encrypted; under `p` in it, a plain value that looks like an envelope by itself. */
const ENVELOPE = '$enc';
const SEALED_TEXT = `{"${ENVELOPE}":`;

type Envelope = { k: string; d: string } | { p: Json };

/** Where a value lies: it can be read nowhere else, so rows that were swapped do not decrypt. */
export interface RowPlace {
  workspaceId: string;
  sessionId: string;
  /** The row within the session: an event's id, a step's key, a tool use's id. */
  rowId: string;
  column: 'body' | 'detail' | 'outcome' | 'label' | 'deny_message' | 'token';
}

/**
 * Encrypts the contents of rows at the edge of the database: a JSON value becomes `{"$enc": {"k": key id, "d": base64}}`, a text the same
 * as text. Without a current key values stay as they are. Values that were stored before encryption was switched on are read as they are.
 */
export interface RowCipher {
  seal(value: Json, place: RowPlace): Json;
  /** Throws `key_missing` and `undecryptable`. */
  open(value: Json, place: RowPlace): Json;
  sealText(text: string, place: RowPlace): string;
  /** Throws as {@link RowCipher.open} does. */
  openText(text: string, place: RowPlace): string;
}

export function createRowCipher(ring: KeyRing): RowCipher {
  const seal: RowCipher['seal'] = (value, place) => {
    if (ring.current === null) return envelopeOf(value) ? { [ENVELOPE]: { p: value } } : value;
    const plain = Buffer.from(JSON.stringify(value));
    const { keyId, data } = sealBytes(ring, ring.current, plain, 'row', placeOf(place));
    return { [ENVELOPE]: { k: keyId, d: data.toString('base64') } };
  };
  const open: RowCipher['open'] = (value, place) => {
    const envelope = envelopeOf(value);
    if (!envelope) return value;
    if ('p' in envelope) return envelope.p;
    const sealed = { keyId: envelope.k, data: Buffer.from(envelope.d, 'base64') };
    return JSON.parse(openBytes(ring, sealed, 'row', placeOf(place)).toString('utf8')) as Json;
  };
  return {
    seal,
    open,
    sealText(text, place) {
      if (ring.current !== null) return JSON.stringify(seal(text, place));
      return text.startsWith(SEALED_TEXT) ? JSON.stringify({ [ENVELOPE]: { p: text } }) : text;
    },
    openText(text, place) {
      if (!text.startsWith(SEALED_TEXT)) return text;
      const opened = open(JSON.parse(text) as Json, place);
      return typeof opened === 'string' ? opened : JSON.stringify(opened);
    },
  };
}

/** What reads and writes rows as they are, where nobody configured keys. */
export const PLAIN_ROWS: RowCipher = createRowCipher(createKeyRing([]));

function envelopeOf(value: Json): Envelope | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const { [ENVELOPE]: envelope, ...rest } = value;
  if (envelope === null || typeof envelope !== 'object' || Array.isArray(envelope)) return null;
  if (Object.keys(rest).length > 0) return null;
  if (typeof envelope['k'] === 'string' && typeof envelope['d'] === 'string') {
    return { k: envelope['k'], d: envelope['d'] };
  }
  return envelope['p'] === undefined ? null : { p: envelope['p'] };
}

function placeOf({ workspaceId, sessionId, rowId, column }: RowPlace): string {
  return JSON.stringify([workspaceId, sessionId, rowId, column]);
}
