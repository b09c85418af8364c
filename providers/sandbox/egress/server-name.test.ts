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
