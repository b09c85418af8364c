/** What the hello of a TLS client says about where it wants to. */
export type Hello =
  | { kind: 'named'; serverName: string }
  | { kind: 'nameless' }
  /** Another hello with another name is hidden in it (ECH), or seems to be. */
  | { kind: 'encrypted' }
  /** No server would, or should, understand it. */
  | { kind: 'nonsense' };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEAD = 5;
const LONGEST_RECORD = 16_384;
/** A hello that is longer than this, or still incomplete after so much, is no honest client's. */
const LONGEST_HELLO = 64 * 1024;

const SERVER_NAME = 0;
const HOST_NAME = 0;
/** Encrypted client hello (RFC 9849), its drafts, and the encrypted server name before them. */
const HIDES_NAME = new Set([0xfe0d, 0xfe0a, 0xfe09, 0xfe08, 0xffce]);

/**
 * Reads the server name of a TLS client hello, without trusting any length in it. A hello may be spread over several records: servers
 * put them together, so a name in the second one counts as well.
 */
export function readHello(bytes: Uint8Array): Hello | 'incomplete' {
  const hello = helloIn(bytes);
  if (hello === 'incomplete') return 'incomplete';
  if (hello === 'nonsense') return { kind: 'nonsense' };
  try {
    return nameIn(hello.message);
  } catch (error) {
    // A length that points outside.
    if (error instanceof RangeError) return { kind: 'nonsense' };
    throw error;
  }
}

/** How many bytes the records have that hold a hello. Undefined: it is none, or not complete. */
export function helloLength(bytes: Uint8Array): number | undefined {
  const hello = helloIn(bytes);
  return typeof hello === 'string' ? undefined : hello.length;
}

interface FoundHello {
  message: DataView;
  /** Of its records, in bytes. */
  length: number;
}

/** The first handshake message, put together from its records. */
function helloIn(bytes: Uint8Array): FoundHello | 'incomplete' | 'nonsense' {
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
    if (message[0] !== CLIENT_HELLO || end > LONGEST_HELLO) return 'nonsense';
    // Whoever packs something behind it hides it from whoever reads the hello only.
    if (gathered > end) return 'nonsense';
    if (gathered === end)
      return { message: new DataView(message.buffer, message.byteOffset, end), length: at };
  }
}

/** The extensions of a hello, each with its bytes. They fill the hello to its end: what follows them, a server would not read. */
function* extensionsOf(view: DataView): Generator<{ type: number; body: DataView }> {
  let at = 4 + 2 + 32;
  at += 1 + view.getUint8(at);
  at += 2 + view.getUint16(at);
  at += 1 + view.getUint8(at);
  if (at === view.byteLength) return;
  if (at + 2 + view.getUint16(at) !== view.byteLength) throw new RangeError('the extensions end elsewhere');
  at += 2;
  while (at < view.byteLength) {
    const length = view.getUint16(at + 2);
    yield { type: view.getUint16(at), body: new DataView(view.buffer, view.byteOffset + at + 4, length) };
    at += 4 + length;
  }
  if (at !== view.byteLength) throw new RangeError('an extension ends outside');
}

function nameIn(view: DataView): Hello {
  let serverName: string | undefined;
  let isEncrypted = false;
  for (const { type, body } of extensionsOf(view)) {
    if (HIDES_NAME.has(type)) isEncrypted = true;
    if (type !== SERVER_NAME) continue;
    // Servers take the first of two names, or the last.
    if (serverName !== undefined) return { kind: 'nonsense' };
    const size = body.getUint16(3);
    if (
      body.getUint16(0) !== body.byteLength - 2 ||
      body.getUint8(2) !== HOST_NAME ||
      size !== body.byteLength - 5
    )
      return { kind: 'nonsense' };
    serverName = Buffer.from(body.buffer, body.byteOffset + 5, size)
      .toString('latin1')
      .toLowerCase();
  }
  if (isEncrypted) return { kind: 'encrypted' };
  return serverName === undefined ? { kind: 'nameless' } : { kind: 'named', serverName };
}
