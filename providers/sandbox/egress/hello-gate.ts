import { Transform, type TransformCallback } from 'node:stream';

import { helloLength, readHello, type Hello } from './server-name.ts';

const HANDSHAKE = 22;
const SERVER_HELLO = 2;
const RECORD_HEAD = 5;
/** The random number of a server's hello by which it asks for another hello of the client's (RFC 8446, section 4.1.3). */
const RETRY = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');
/** Where that number is in the first record: behind the heads of record and message, and the version. */
const RANDOM_AT = RECORD_HEAD + 4 + 2;

export interface HelloGate {
  /** For what goes to the server. */
  outward: Transform;
  /** For what comes from it. */
  inward: Transform;
}

/**
 * Lets TLS through once it is settled that no hello names another server. A server may ask the client for a second hello, and some take
 * the name in that one. So what a client sends behind its first hello waits for the server's first word, as honest clients do
 * themselves; when that asks for a hello, the one that follows is judged like the first.
 *
 * @param refusalOf - what is wrong with a hello, or undefined.
 * @param onRefused - told before the connection is ended.
 */
export function createHelloGate(
  refusalOf: (hello: Hello) => string | undefined,
  onRefused: (reason: string) => void,
): HelloGate {
  let state: 'first' | 'waiting' | 'second' | 'through' = 'first';
  let held: Buffer = Buffer.alloc(0);
  /** Records of the second hello that came so far. */
  let hello: Buffer = Buffer.alloc(0);
  let goOn: TransformCallback | undefined;
  let word: Buffer = Buffer.alloc(0);
  let isAnswered = false;

  function take(done: TransformCallback): void {
    if (state === 'first') {
      const length = helloLength(held);
      if (length === undefined) return done();
      outward.push(held.subarray(0, length));
      held = held.subarray(length);
      state = 'waiting';
      // The server may have spoken first.
      if (isAnswered) answered();
    }
    if (state === 'waiting') {
      goOn = done;
      return undefined;
    }
    if (state === 'second' && !takeSecond()) {
      return done(new Error('a second hello names another server'));
    }
    if (state === 'through' && held.length > 0) {
      outward.push(held);
      held = Buffer.alloc(0);
    }
    return done();
  }

  /** Passes records on up to the second hello, and that one when it is well. False: it is not. */
  function takeSecond(): boolean {
    while (held.length >= RECORD_HEAD) {
      const end = RECORD_HEAD + held.readUInt16BE(3);
      if (held.length < end) return true;
      const record = held.subarray(0, end);
      held = held.subarray(end);
      if (record[0] !== HANDSHAKE) {
        // What was encrypted too early, and the marker that older boxes want to see, servers skip.
        outward.push(record);
        continue;
      }
      hello = Buffer.concat([hello, record]);
      const read = readHello(hello);
      if (read === 'incomplete') continue;
      const reason = refusalOf(read);
      if (reason !== undefined) {
        onRefused(reason);
        return false;
      }
      outward.push(hello);
      state = 'through';
      return true;
    }
    return true;
  }

  function answered(): void {
    isAnswered = true;
    if (state !== 'waiting') return;
    const isRetry =
      word[0] === HANDSHAKE &&
      word[RECORD_HEAD] === SERVER_HELLO &&
      word.subarray(RANDOM_AT, RANDOM_AT + RETRY.length).equals(RETRY);
    state = isRetry ? 'second' : 'through';
    const done = goOn;
    goOn = undefined;
    if (done !== undefined) take(done);
  }

  const outward = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (state === 'through') return done(null, chunk);
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      return take(done);
    },
  });
  const inward = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!isAnswered) {
        word = Buffer.concat([word, chunk]);
        if (word[0] !== HANDSHAKE || word.length >= RANDOM_AT + RETRY.length) answered();
      }
      done(null, chunk);
    },
  });
  return { outward, inward };
}
