import sharp from 'sharp';
import { expect, it } from 'vitest';
import { imageTypeOf } from './image-type.ts';

const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c81e28' } });

it.each(['png', 'jpeg', 'gif', 'webp', 'tiff', 'avif'] as const)('knows a %s by its head', async (format) => {
  const head = (await picture.clone().toFormat(format).toBuffer()).subarray(0, 16);
  expect(imageTypeOf(head)).toBe(`image/${format}`);
});

it('knows BMP and HEIC, and no text that begins like one', () => {
  const bmp = Buffer.alloc(16);
  bmp.write('BM');
  bmp.writeUInt32LE(1_000, 2);
  expect(imageTypeOf(bmp)).toBe('image/bmp');
  expect(imageTypeOf(Buffer.from('\0\0\0\u0018ftypheic\0\0\0\0'))).toBe('image/heic');
  expect(imageTypeOf(Buffer.from('BMW is a car maker'))).toBeUndefined();
  expect(imageTypeOf(Buffer.from('\0\0\0\u0018ftypisom\0\0\0\0'))).toBeUndefined();
  expect(imageTypeOf(Buffer.from('II'))).toBeUndefined();
});
