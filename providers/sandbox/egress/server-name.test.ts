import { connect } from 'node:tls';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readOpening } from './opening.ts';

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
  const named = { kind: 'tls', hello: { kind: 'named', serverName: 'api.example.com' } };
  it('tells the server name of TLS', async () => {
    const hello = await clientHello('Api.Example.com');
    expect(readOpening(hello)).toEqual(named);
    expect(readOpening(await clientHello(''))).toEqual({ kind: 'tls', hello: { kind: 'nameless' } });
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
      expect(readOpening(bytes)).toEqual(named);
      expect(readOpening(bytes.subarray(0, -1))).toEqual({ kind: 'incomplete' });
    }
  });
  it('is no hello where it only looks like one', () => {
    for (const bytes of [
      [22, 3, 1, 255, 255],
      [22, 3, 1, 0, 0],
      [22, 3, 1, 0, 4, 1, 255, 255, 255],
      [22, 3, 1, 0, 4, 1, 0, 0, 9, 23, 3, 1, 0, 1, 0],
    ])
      expect(readOpening(Buffer.from(bytes))).toEqual({ kind: 'tls', hello: { kind: 'nonsense' } });
  });
  it('is incomplete until the whole hello is there', async () => {
    const hello = await clientHello('example.com');
    for (let length = 0; length < hello.length; length++) {
      expect(readOpening(hello.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
  });
  it('tells HTTP from everything else', () => {
    const kindOf = (text: string): string => readOpening(Buffer.from(text, 'latin1')).kind;
    for (const text of ['GET / HTTP/1.1\r\n', 'M-SEARCH * HTTP/1.1', 'PRINT / HTTP/1.1', 'PRI / HTTP/1.1'])
      expect(kindOf(text), text).toBe('http');
    for (const text of ['', 'G', 'GET', 'M-', 'P', 'PRI', 'PRI * HTTP/'])
      expect(kindOf(text), text).toBe('incomplete');
    for (const text of [
      'SSH-2.0-x\r\n',
      'EHLO\r\n',
      'get / HTTP/1.1',
      ' GET /',
      '\r\nGET / HTTP/1.1',
      '-',
      'A'.repeat(33),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      // A record of an alert before the hello, which servers skip; data; a hello as SSL 2 had it.
      '\x15\x03\x01\0\x02\x01\0\x16\x03\x01',
      '\x14\x03\x03\0\x01\x01',
      '\x17\x03\x03\0\x01\0',
      '\x80\x2e\x01\x03\x01',
      '\0',
    ])
      expect(kindOf(text), text).toBe('other');
  });
  it('never breaks on bytes that lie about their lengths', async () => {
    const hello = await clientHello('example.com');
    fc.assert(
      fc.property(fc.nat({ max: hello.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const bent = Buffer.from(hello);
        bent[at] = value;
        expect(['tls', 'other', 'incomplete', 'http']).toContain(readOpening(bent).kind);
      }),
      { numRuns: 500 },
    );
  });
});
