/** What the first bytes of a connection say: TLS with a server name, TLS without one, something else, or not enough yet. */
export type Opening =
  { kind: 'tls'; serverName: string | undefined } | { kind: 'other' } | { kind: 'incomplete' };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const RECORD_HEAD = 5;
const LONGEST_RECORD = 16_384;
/** A hello that is longer than this, or still incomplete after so much, is no honest client's. */
const LONGEST_HELLO = 64 * 1024;

/**
 * Reads the server name of a TLS client hello, without trusting any length in it. A hello may be spread over several records: servers
 * put them together, so a name in the second one counts as well.
 */
export function readOpening(bytes: Uint8Array): Opening {
  if (bytes.length === 0) return { kind: 'incomplete' };
  if (bytes[0] !== HANDSHAKE) return { kind: 'other' };
  const hello = helloIn(bytes);
  if (hello === 'incomplete') return { kind: 'incomplete' };
  if (hello === 'nonsense') return { kind: 'tls', serverName: undefined };
  try {
    return { kind: 'tls', serverName: serverNameIn(hello) };
  } catch (error) {
    // A length that points outside: no hello that a server would understand.
    if (error instanceof RangeError) return { kind: 'tls', serverName: undefined };
    throw error;
  }
}

/** The first handshake message, put together from its records. */
function helloIn(bytes: Uint8Array): DataView | 'incomplete' | 'nonsense' {
  const all = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let gathered = 0;
  for (let at = 0; ;) {
    if (at >= bytes.length) return bytes.length > 2 * LONGEST_HELLO ? 'nonsense' : 'incomplete';
    if (bytes[at] !== HANDSHAKE) return 'nonsense';
    if (at + RECORD_HEAD > bytes.length) return 'incomplete';
    const length = all.getUint16(at + 3);
    if (length === 0 || length > LONGEST_RECORD) return 'nonsense';
    if (at + RECORD_HEAD + length > bytes.length) return 'incomplete';
    parts.push(bytes.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length));
    gathered += length;
    at += RECORD_HEAD + length;
    if (gathered < 4) continue;
    const message = Buffer.concat(parts);
    const end = 4 + message.readUIntBE(1, 3);
    if (end > LONGEST_HELLO) return 'nonsense';
    if (gathered >= end) return new DataView(message.buffer, message.byteOffset, end);
  }
}

function serverNameIn(view: DataView): string | undefined {
  let at = 0;
  if (view.getUint8(at) !== CLIENT_HELLO) return undefined;
  at += 4 + 2 + 32;
  at += 1 + view.getUint8(at);
  at += 2 + view.getUint16(at);
  at += 1 + view.getUint8(at);
  at += 2;
  while (at + 4 <= view.byteLength) {
    const type = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (type === SERVER_NAME) {
      if (view.getUint8(at + 6) !== HOST_NAME) return undefined;
      const size = view.getUint16(at + 7);
      if (at + 9 + size > view.byteLength) return undefined;
      const name = new Uint8Array(view.buffer, view.byteOffset + at + 9, size);
      return Buffer.from(name).toString('latin1').toLowerCase();
    }
    at += 4 + length;
  }
  return undefined;
}
