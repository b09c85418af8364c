import { readFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { testDecoder } from '../../test/harness/test-decoder.ts';
import { createDecodedImages } from './decoded-images.ts';
import type { DecodeOutcome } from '../decoder/decoder.ts';
import type { ImageTarget, PreparedImage } from './image-preparer.ts';
import { sniffFormat } from './sniff-format.ts';

const decoder = testDecoder();
const preparer = createDecodedImages(decoder);
afterAll(() => decoder.close());

const never = new AbortController().signal;
const CLAUDE: ImageTarget = {
  mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
  maxBytes: 5_000_000,
  maxPixelsPerSide: 2_000,
};

/** Red with a green quarter at the top left. */
function picture(width = 64, height = 48) {
  const green = {
    create: { width: width >> 1, height: height >> 1, channels: 3 as const, background: '#14b43c' },
  };
  return sharp({ create: { width, height, channels: 3, background: '#c81e28' } }).composite([
    { input: green, top: 0, left: 0 },
  ]);
}

/** The colour at a place, as the model would see it. */
async function colourAt({ data }: PreparedImage, x: number, y: number): Promise<'red' | 'green' | 'other'> {
  const { data: pixels, info } = await sharp(data)
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (y * info.width + x) * info.channels;
  const [red = 0, green = 0] = [pixels[at], pixels[at + 1]];
  return red > 150 && green < 90 ? 'red' : green > 130 && red < 90 ? 'green' : 'other';
}

function bmp(width: number, height: number): Buffer {
  const row = (width * 3 + 3) & ~3;
  const data = Buffer.alloc(54 + row * height);
  data.write('BM');
  data.writeUInt32LE(data.length, 2);
  data.writeUInt32LE(54, 10);
  data.writeUInt32LE(40, 14);
  data.writeInt32LE(width, 18);
  data.writeInt32LE(height, 22);
  data.writeUInt16LE(1, 26);
  data.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      // Rows go upwards, colours blue first.
      const green = x < width / 2 && height - 1 - y < height / 2;
      data.set(green ? [60, 180, 20] : [40, 30, 200], 54 + y * row + x * 3);
    }
  return data;
}

const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 12"><rect width="16" height="12" fill="#c81e28"/><rect width="8" height="6" fill="#14b43c"/></svg>',
);
const HEIC = readFileSync(path.join(import.meta.dirname, '__fixtures__', 'two-colours.heic'));

describe('preparing images', () => {
  it.each(['png', 'jpeg', 'webp', 'gif'] as const)(
    'leaves a %s as it is that the model takes',
    async (format) => {
      const data = await picture().toFormat(format).toBuffer();
      const prepared = await preparer.prepare(
        { workspaceId: 'w', data, declaredType: `image/${format}` },
        CLAUDE,
        never,
      );
      expect(Buffer.from(prepared.data).equals(data)).toBe(true);
      expect(prepared).toMatchObject({ mediaType: `image/${format}`, width: 64, height: 48 });
    },
  );

  it.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    ['TIFF', () => picture().tiff().toBuffer()],
    ['AVIF', () => picture().avif({ quality: 90 }).toBuffer()],
    ['HEIC', () => HEIC],
    ['BMP', () => bmp(64, 48)],
    ['SVG', () => SVG],
  ])('converts %s to what the model takes, with the picture on it', async (_name, make) => {
    const prepared = await preparer.prepare({ workspaceId: 'w', data: await make() }, CLAUDE, never);
    expect(CLAUDE.mediaTypes).toContain(prepared.mediaType);
    expect(await colourAt(prepared, prepared.width >> 2, prepared.height >> 2)).toBe('green');
    expect(await colourAt(prepared, prepared.width - 3, prepared.height - 3)).toBe('red');
  });

  it('turns a picture upright', async () => {
    const data = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const prepared = await preparer.prepare({ workspaceId: 'w', data }, CLAUDE, never);
    expect(prepared).toMatchObject({ width: 48, height: 64 });
    expect(await colourAt(prepared, 40, 10)).toBe('green');
    expect(await colourAt(prepared, 10, 10)).toBe('red');
  });

  it('scales down to the model’s limits and keeps the shape', async () => {
    const data = await picture(4_000, 1_000).png().toBuffer();
    const prepared = await preparer.prepare({ workspaceId: 'w', data }, CLAUDE, never);
    expect(prepared).toMatchObject({ width: 2_000, height: 500, mediaType: 'image/png' });
  });

  it('makes a file smaller until it fits', async () => {
    const noise = Buffer.alloc(1_200 * 900 * 3).map((_value, index) => (index * 7_919 * (index % 251)) % 256);
    const data = await sharp(noise, { raw: { width: 1_200, height: 900, channels: 3 } })
      .png()
      .toBuffer();
    const prepared = await preparer.prepare(
      { workspaceId: 'w', data },
      { ...CLAUDE, maxBytes: 100_000 },
      never,
    );
    expect(prepared.data.byteLength).toBeLessThanOrEqual(100_000);
    expect(sniffFormat(prepared.data)).toBe('jpeg');
  });

  it('converts to the only type that a model takes, with white where one sees through', async () => {
    const data = await sharp({
      create: { width: 10, height: 10, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    const prepared = await preparer.prepare(
      { workspaceId: 'w', data },
      { ...CLAUDE, mediaTypes: ['image/jpeg'] },
      never,
    );
    const { data: pixels } = await sharp(prepared.data).raw().toBuffer({ resolveWithObject: true });
    expect(pixels[0]).toBeGreaterThan(250);
  });

  it.each(['gif', 'webp'] as const)(
    'takes the first picture of an animation, though it fits: %s',
    async (format) => {
      const frames = await Promise.all(
        [picture(), picture().negate()].map((frame) => frame.png().toBuffer()),
      );
      const data = await sharp(frames, { join: { animated: true } })
        .toFormat(format)
        .toBuffer();
      expect((await sharp(data).metadata()).pages).toBe(2);
      const prepared = await preparer.prepare({ workspaceId: 'w', data }, CLAUDE, never);
      expect(prepared).toMatchObject({ width: 64, height: 48 });
      expect((await sharp(prepared.data).metadata()).pages ?? 1).toBe(1);
      expect(await colourAt(prepared, 60, 40)).toBe('red');
    },
  );
});

it('many images at once are not mixed up', async () => {
  const sizes = Array.from({ length: 12 }, (_unused, index) => 10 + index);
  const prepared = await Promise.all(
    sizes.map(async (size) =>
      preparer.prepare(
        { workspaceId: 'w', data: await picture(size, size).tiff().toBuffer() },
        CLAUDE,
        never,
      ),
    ),
  );
  expect(prepared.map(({ width }) => width)).toEqual(sizes);
});

it('an image that takes too long is given up, and the next one is taken', async () => {
  const data = await picture(900, 900).avif().toBuffer();
  const hasty = createDecodedImages(decoder, { milliseconds: 1 });
  await expect(hasty.prepare({ workspaceId: 'w', data }, CLAUDE, never)).rejects.toThrow(/longer than/);
  expect((await preparer.prepare({ workspaceId: 'w', data }, CLAUDE, never)).width).toBe(900);
});

it.each<[string, DecodeOutcome]>([
  [
    'a kind of image that the model does not take',
    answerOf({ mediaType: 'image/tiff' }, Buffer.from('II*\0')),
  ],
  ['something that is not what it says', answerOf({}, Buffer.from('<svg/>'))],
  ['more than the model takes', answerOf({}, Buffer.alloc(CLAUDE.maxBytes + 1))],
  ['sizes that are none', answerOf({ width: -1 }, Buffer.from('89504e470d0a1a0a', 'hex'))],
  ['nothing', answerOf({})],
])('of a decoder that was taken over it does not take %s', async (_name, outcome) => {
  const taken = createDecodedImages({ ...decoder, decode: async () => outcome });
  const data = await picture().tiff().toBuffer();
  await expect(taken.prepare({ workspaceId: 'w', data }, CLAUDE, never)).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('decoding it failed') as string,
  });
});

function answerOf(value: object, ...parts: Buffer[]): DecodeOutcome {
  return { ok: true, value: { mediaType: 'image/png', width: 1, height: 1, isSame: false, ...value }, parts };
}

describe('images that are refused', () => {
  const pngOf = (width: number, height: number) => {
    const chunk = (type: string, body: Buffer) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(body.length);
      head.write(type, 4);
      const crc = Buffer.alloc(4);
      crc.writeUInt32BE(crcOf(Buffer.concat([head.subarray(4), body])));
      return Buffer.concat([head, body, crc]);
    };
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width);
    header.writeUInt32BE(height, 4);
    header.set([8, 2, 0, 0, 0], 8);
    return Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(Buffer.alloc(1_000))),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  };

  it.each<[string, () => Promise<Uint8Array> | Uint8Array, RegExp]>([
    ['nothing', () => Buffer.alloc(0), /no known image format/],
    ['text', () => Buffer.from('hello'), /no known image format/],
    ['a page', () => Buffer.from('<!doctype html><svg></svg>'), /no known image format/],
    ['a picture of 50,000 by 50,000 pixels in a kilobyte', () => pngOf(50_000, 50_000), /pixel/],
    [
      'a BMP that claims billions of pixels',
      () => {
        const data = bmp(4, 4);
        data.writeInt32LE(60_000, 18);
        data.writeInt32LE(60_000, 22);
        return data;
      },
      /pixels/,
    ],
    [
      'a BMP that ends early',
      () => {
        const data = bmp(64, 48);
        data.writeInt32LE(900, 18);
        return data;
      },
      /pixel|decoded/,
    ],
    [
      'a drawing of a million by a million',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1000000" height="1000000"/>'),
      /pixels|decoded/,
    ],
    ['half a JPEG', async () => (await picture(400, 300).jpeg().toBuffer()).subarray(0, 700), /decoded/],
    ['half a HEIC', () => HEIC.subarray(0, 300), /decoded|picture/],
    [
      'a drawing that names itself over and over',
      () =>
        Buffer.from(
          `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "${'x'.repeat(1_000)}"><!ENTITY b "${'&a;'.repeat(1_000)}"><!ENTITY c "${'&b;'.repeat(1_000)}">]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&c;</text></svg>`,
        ),
      /./,
    ],
  ])('%s', async (_name, make, why) => {
    await expect(
      preparer.prepare({ workspaceId: 'w', data: await make() }, CLAUDE, never),
    ).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(why) as string,
    });
  });

  it('a picture that is said to be another, but not one that is called by another name', async () => {
    const data = await picture().jpeg().toBuffer();
    await expect(
      preparer.prepare({ workspaceId: 'w', data, declaredType: 'image/png' }, CLAUDE, never),
    ).rejects.toThrow(/said to be image\/png/);
    await preparer.prepare({ workspaceId: 'w', data, declaredType: 'image/jpg' }, CLAUDE, never);
  });

  it('a drawing that wants files of the machine: it gets none', async () => {
    const data = Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64"><image xlink:href="file://${path.join(import.meta.dirname, '__fixtures__', 'two-colours.heic')}" width="64" height="64"/><image xlink:href="http://127.0.0.1:9/x.png" width="64" height="64"/></svg>`,
    );
    const prepared = await preparer.prepare({ workspaceId: 'w', data }, CLAUDE, never);
    const { data: pixels } = await sharp(prepared.data)
      .flatten({ background: '#fff' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(pixels.every((value) => value === 255)).toBe(true);
  });
});

/** The check sum of PNG. */
function crcOf(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
