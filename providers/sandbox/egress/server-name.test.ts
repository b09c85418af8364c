import { connect } from 'node:tls';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readOpening } from './server-name.ts';

/** The first bytes that a real TLS client sends. */
function clientHello(servername: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
      },
    });
    connect({ socket, servername }).on('error', () => {});
  });
}

describe('the opening of a connection', () => {
  it('tells the server name of TLS', async () => {
    const hello = await clientHello('Api.Example.com');
    expect(readOpening(hello)).toEqual({ kind: 'tls', serverName: 'api.example.com' });
    expect(readOpening(await clientHello(''))).toEqual({ kind: 'tls', serverName: undefined });
  });
  it('tells a server name that is spread over several records', async () => {
    const hello = await clientHello('api.example.com');
    const message = hello.subarray(5);
    for (const size of [1, 3, 5, 40, 100, message.length - 1]) {
      const records: Buffer[] = [];
      for (let at = 0; at < message.length; at += size) {
        const part = message.subarray(at, at + size);
        records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
      }
      const bytes = Buffer.concat(records);
      expect(readOpening(bytes)).toEqual({ kind: 'tls', serverName: 'api.example.com' });
      expect(readOpening(bytes.subarray(0, -1))).toEqual({ kind: 'incomplete' });
    }
  });
  it('names no server where it only looks like a hello', () => {
    for (const bytes of [
      [22, 3, 1, 255, 255],
      [22, 3, 1, 0, 0],
      [22, 3, 1, 0, 4, 1, 255, 255, 255],
      [22, 3, 1, 0, 4, 1, 0, 0, 9, 23, 3, 1, 0, 1, 0],
    ])
      expect(readOpening(Buffer.from(bytes))).toEqual({ kind: 'tls', serverName: undefined });
  });
  it('is incomplete until the whole hello is there', async () => {
    const hello = await clientHello('example.com');
    for (let length = 0; length < hello.length; length++) {
      expect(readOpening(hello.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
  });
  it('of another protocol is no TLS', () => {
    expect(readOpening(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual({ kind: 'other' });
    expect(readOpening(Buffer.from('SSH-2.0-x\r\n'))).toEqual({ kind: 'other' });
  });
  it('never breaks on bytes that lie about their lengths', async () => {
    const hello = await clientHello('example.com');
    fc.assert(
      fc.property(fc.nat({ max: hello.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const bent = Buffer.from(hello);
        bent[at] = value;
        expect(['tls', 'other', 'incomplete']).toContain(readOpening(bent).kind);
      }),
      { numRuns: 500 },
    );
  });
});
