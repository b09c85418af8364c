import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fromFileFrames, toFileFrames } from './file-frames.ts';

const file = (path: string, mode: number, ...pieces: string[]) => ({
  path,
  mode,
  open: async () => Readable.from(pieces.map((piece) => Buffer.from(piece))),
});

/** Cuts bytes into pieces of one length, as a connection might. */
function* cut(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(source: Iterable<Buffer> | AsyncIterable<Uint8Array>) {
  const found: { path: string; mode: number; text: string }[] = [];
  for await (const { path, mode, content } of fromFileFrames(Readable.from(source))) {
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    found.push({ path, mode, text: Buffer.concat(parts).toString('utf8') });
  }
  return found;
}

describe('files in frames', () => {
  it('arrive as they were sent, however the connection cuts them', async () => {
    const sent = [
      file('/a/ä.txt', 0o444, 'one', 'two'),
      file('/empty', 0o555),
      file('/c', 0o444, 'x'.repeat(70_000)),
    ];
    const bytes = Buffer.concat(await toFileFrames(sent).toArray());
    for (const length of [1, 3, 1_000, bytes.length]) {
      expect(await read(cut(bytes, length))).toEqual([
        { path: '/a/ä.txt', mode: 0o444, text: 'onetwo' },
        { path: '/empty', mode: 0o555, text: '' },
        { path: '/c', mode: 0o444, text: 'x'.repeat(70_000) },
      ]);
    }
    expect(await read([])).toEqual([]);
  });

  it('are refused when they end early', async () => {
    const bytes = Buffer.concat(await toFileFrames([file('/a', 0o444, 'content')]).toArray());
    for (const length of [2, 10, bytes.length - 1]) {
      await expect(read([bytes.subarray(0, length)])).rejects.toThrow(/end before/);
    }
  });
});
