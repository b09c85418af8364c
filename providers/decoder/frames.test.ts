import { expect, it } from 'vitest';

import { createFrameReader, cutBody, encodeFrame, type Frame } from './frames.ts';

function readerOf(most = 100 * 1024 * 1024) {
  const frames: Frame[] = [];
  return {
    frames,
    reader: createFrameReader(
      () => most,
      (frame) => frames.push(frame),
    ),
  };
}

it('reads what was written, however it is cut', () => {
  const written = Buffer.concat([
    ...encodeFrame({ id: 'one', lengths: [3, 0] }, [Buffer.from('abc'), Buffer.alloc(0)]),
    ...encodeFrame({ id: 'two' }, []),
  ]);
  for (const size of [1, 7, written.length]) {
    const { frames, reader } = readerOf();
    for (let from = 0; from < written.length; from += size) reader.take(written.subarray(from, from + size));
    expect(frames.map(({ header }) => header)).toEqual([{ id: 'one', lengths: [3, 0] }, { id: 'two' }]);
    expect(
      cutBody(frames[0]?.body ?? Buffer.alloc(0), [3, 0]).map((part) => Buffer.from(part).toString()),
    ).toEqual(['abc', '']);
  }
});

it('takes no frame that is longer than it may be', () => {
  const { reader } = readerOf(10);
  expect(() => reader.take(Buffer.concat(encodeFrame({ id: 'too long' }, [])))).toThrow('longer');
});

it.each([
  ['many values', `[${'[],'.repeat(200_000)}0]`],
  ['nesting', '['.repeat(1_000_000)],
])('parses no header of very much %s, which would take thirty times its memory', (_what, text) => {
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(text.length, 0);
  const { frames, reader } = readerOf();
  expect(() => reader.take(Buffer.concat([prefix, Buffer.from(text)]))).toThrow('a header');
  expect(frames).toEqual([]);
});
