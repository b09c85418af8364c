import { readHello, type Hello } from './server-name.ts';

/** What the first bytes of a connection say; `incomplete`: not enough yet. */
export type Opening =
  { kind: 'tls'; hello: Hello } | { kind: 'http' } | { kind: 'other'; why: string } | { kind: 'incomplete' };

const TLS_HANDSHAKE = 22;
/** The longest method that is registered has 17 letters. */
const METHOD = /^[A-Z][A-Z-]{0,31} /;
const METHOD_BEGINNING = /^[A-Z][A-Z-]{0,31}$/;
const HTTP_2 = 'PRI * HTTP/2';

/** Tells TLS and HTTP/1 from everything else by the first bytes that a client sends. */
export function readOpening(bytes: Buffer): Opening {
  if (bytes.length === 0) return { kind: 'incomplete' };
  if (bytes[0] === TLS_HANDSHAKE) {
    const hello = readHello(bytes);
    return hello === 'incomplete' ? { kind: 'incomplete' } : { kind: 'tls', hello };
  }
  const text = bytes.toString('latin1', 0, 64);
  if (METHOD_BEGINNING.test(text)) return { kind: 'incomplete' };
  if (!METHOD.test(text)) return { kind: 'other', why: 'what was sent is neither TLS nor HTTP' };
  if (text.startsWith(HTTP_2)) return { kind: 'other', why: 'HTTP/2 without TLS is not let through' };
  return HTTP_2.startsWith(text) ? { kind: 'incomplete' } : { kind: 'http' };
}
