/** What the first bytes of a connection say: TLS with a server name, TLS without one, something else, or not enough yet. */
export type Opening =
  { kind: 'tls'; serverName: string | undefined } | { kind: 'other' } | { kind: 'incomplete' };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
/** A hello that is still incomplete after this is no honest client's. */
const LONGEST_HELLO = 16_384 + 5;

/** Reads the server name of a TLS client hello, without trusting any length in it. */
export function readOpening(bytes: Uint8Array): Opening {
  if (bytes.length === 0) return { kind: 'incomplete' };
  if (bytes[0] !== HANDSHAKE) return { kind: 'other' };
  if (bytes.length < 5) return { kind: 'incomplete' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 5 + view.getUint16(3);
  if (end > LONGEST_HELLO) return { kind: 'other' };
  if (bytes.length < end) return { kind: 'incomplete' };
  try {
    return { kind: 'tls', serverName: serverNameIn(view, end) };
  } catch (error) {
    // A length that points outside: no hello that a server would understand.
    if (error instanceof RangeError) return { kind: 'tls', serverName: undefined };
    throw error;
  }
}

function serverNameIn(view: DataView, end: number): string | undefined {
  let at = 5;
  if (view.getUint8(at) !== CLIENT_HELLO) return undefined;
  at += 4 + 2 + 32;
  at += 1 + view.getUint8(at);
  at += 2 + view.getUint16(at);
  at += 1 + view.getUint8(at);
  at += 2;
  while (at + 4 <= end) {
    const type = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (type === SERVER_NAME) {
      const size = view.getUint16(at + 7);
      const name = new Uint8Array(view.buffer, view.byteOffset + at + 9, size);
      return Buffer.from(name).toString('latin1').toLowerCase();
    }
    at += 4 + length;
  }
  return undefined;
}
