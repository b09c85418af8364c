import sharp from 'sharp';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MEDIA_LIMITS } from '../../core/files/media-limits.ts';
import type { ClientEvent } from '../../core/schema/client-event.ts';
import { createInMemoryBlobStore } from '../../providers/blob/in-memory.ts';
import { createDecodedPdfs } from '../../providers/document/decoded-pdfs.ts';
import { createDecodedImages } from '../../providers/image/decoded-images.ts';
import type { StoredFile } from '../../providers/store/files.ts';
import { testDecoder } from '../../test/harness/test-decoder.ts';
import type { WebPage, WebRefusal } from '../../providers/web/web-fetcher.ts';
import { tinyPdf } from '../../test/doubles/tiny-pdf.ts';
import type { MediaBlock } from './media-source.ts';
import type { MediaAudience } from './pin-block.ts';
import { pinMedia, type MediaDeps } from './pin-media.ts';

const decoder = testDecoder();
const images = createDecodedImages(decoder);
afterAll(() => decoder.close());

const AUDIENCE: MediaAudience = {
  workspaceId: 'w',
  model: 'scripted',
  imageLimits: {
    maxCount: 2,
    maxBytes: 1_000_000,
    maxPixelsPerSide: 100,
    mediaTypes: ['image/png', 'image/jpeg'],
  },
  reachesFiles: true,
  resources: [],
};

const PICTURE = sharp({ create: { width: 300, height: 150, channels: 3, background: '#c81e28' } });
const png = await PICTURE.clone().png().toBuffer();
const small = await PICTURE.clone().resize(20).png().toBuffer();
const tiff = await PICTURE.clone().resize(20).tiff().toBuffer();

let blobs = createInMemoryBlobStore();
let files: StoredFile[] = [];
let room = 1_000_000;
let web: Map<string, WebPage | WebRefusal>;
let deps: MediaDeps;
beforeEach(() => {
  blobs = createInMemoryBlobStore();
  files = [];
  room = 1_000_000;
  web = new Map();
  let ids = 0;
  deps = {
    blobs,
    images,
    pdfs: createDecodedPdfs(decoder, { pages: 3, characters: 1_000 }),
    files: {
      some: async () => files,
      room: async () => ({ files: room, held: room }),
      loosen: async () => undefined,
    },
    quotaBytes: 1_000_000,
    fetcher: {
      fetch: async ({ url }) => web.get(url) ?? { refusal: 'it leads nowhere', reason: 'failed' },
    },
    decided: () => undefined,
    now: () => 1_000,
    newId: (kind) => `${kind}_${++ids}`,
  };
});

const inline = (type: 'image' | 'document', bytes: Buffer | string, mediaType: string): MediaBlock => ({
  type,
  source: { type: 'base64', media_type: mediaType, data: Buffer.from(bytes).toString('base64') },
});
const address = (type: 'image' | 'document', url: string): MediaBlock => ({
  type,
  source: { type: 'url', url },
});
async function file(
  type: 'image' | 'document',
  filename: string,
  mimeType: string,
  bytes: Buffer | string,
): Promise<MediaBlock> {
  const { sha256, bytes: size } = await blobs.put('w', Buffer.from(bytes));
  const id = `file_${files.length}`;
  const rest = { sessionId: null, downloadable: false, createdAt: 0, expiresAt: null };
  files.push({ id, workspaceId: 'w', filename, mimeType, bytes: size, sha256, ...rest });
  return { type, source: { type: 'file', file_id: id } };
}
const page = (url: string, bytes: Buffer, status = 200): string => {
  web.set(url, { url, status, mediaType: 'text/html', charset: '', bytes });
  return url;
};

async function pin(content: MediaBlock[], audience: Partial<MediaAudience> = {}) {
  const event: ClientEvent = { type: 'user.message', content };
  const pins = await pinMedia(deps, 'w', async () => ({ ...AUDIENCE, ...audience }), [event], 'events');
  return pins.get(0) ?? [];
}
async function shownBytes(shown: { sha256: string } | null | undefined): Promise<Buffer> {
  return Buffer.from(await blobs.get('w', shown?.sha256 ?? ''));
}

describe('images of a message', () => {
  it('that fit are kept byte for byte, others are converted to what the model takes', async () => {
    const pins = await pin([inline('image', small, 'image/png'), inline('image', tiff, 'image/tiff')]);
    expect(pins).toMatchObject([
      { at: 0, shown: { type: 'image', media_type: 'image/png' }, file: null },
      { at: 1, shown: { type: 'image', media_type: 'image/jpeg' }, file: null },
    ]);
    expect((await shownBytes(pins[0]?.shown)).equals(small)).toBe(true);
    expect((await shownBytes(pins[1]?.shown)).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  });

  it('are fetched from their address, whatever its server says that they are', async () => {
    const [pinned] = await pin([address('image', page('https://site.example/a/photo', png))]);
    const { width } = await sharp(await shownBytes(pinned?.shown)).metadata();
    expect(width).toBe(100);
  });

  it('come from uploaded files, which lie in the sandbox as well', async () => {
    const [pinned] = await pin([await file('image', 'photo.png', 'image/png', small)]);
    expect(pinned?.shown).toMatchObject({ sha256: files[0]?.sha256 });
    expect(pinned?.file).toMatchObject({
      name: 'photo.png',
      media_type: 'image/png',
      path: `/mnt/session/uploads/${files[0]?.sha256.slice(0, 12)}/photo.png`,
    });
    const resources = [{ mountPath: '/workspace/mine.png', fileId: 'file_0' }];
    const again: MediaBlock = { type: 'image', source: { type: 'file', file_id: 'file_0' } };
    const [held] = await pin([again], { resources });
    expect(held?.file?.path).toBe('/workspace/mine.png');
  });

  it('may stand in a document block', async () => {
    const [pinned] = await pin([inline('document', tiff, 'image/tiff')]);
    expect(pinned?.shown).toMatchObject({ type: 'image', media_type: 'image/jpeg' });
  });

  it.each<[string, () => MediaBlock | Promise<MediaBlock>, RegExp]>([
    ['a lie', () => inline('image', small, 'image/jpeg'), /said to be image\/jpeg but is image\/png/],
    ['no image', () => inline('image', 'hello', 'image/png'), /no known image format/],
    ['half an image', () => inline('image', png.subarray(0, 200), 'image/png'), /cannot be/],
    [
      'a bomb',
      () => inline('image', pngHeader(60_000, 60_000), 'image/png'),
      /60000 × 60000 pixels, at most|cannot be decoded/,
    ],
    [
      'an address that answers 404',
      () => address('image', page('https://site.example/x', png, 404)),
      /status 404/,
    ],
    ['an address that may not be fetched', () => address('image', 'http://10.0.0.1/'), /it leads nowhere/],
    ['a file that is no image', () => file('image', 'a.png', 'image/png', 'text'), /no known image format/],
  ])('are refused by their place when they are %s', async (_name, make, message) => {
    const block = await make();
    const refusal = pin([inline('image', small, 'image/png'), block]);
    await expect(refusal).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(refusal).rejects.toThrow(/^events\.0\.content\.1\.source/);
    await expect(refusal).rejects.toThrow(message);
  });

  it('are refused where the model takes none, or not so many', async () => {
    const image = inline('image', small, 'image/png');
    await expect(pin([image], { imageLimits: null })).rejects.toMatchObject({
      details: { error_code: 'model_does_not_support_images' },
    });
    await expect(pin([image, image, image])).rejects.toThrow(/content\.2: .*at most 2 images/);
  });
});

describe('documents of a message', () => {
  it('that are PDFs are read', async () => {
    const [pinned] = await pin([inline('document', tinyPdf('Hello', 'world'), 'application/pdf')]);
    expect(pinned).toMatchObject({
      shown: { type: 'pdf', pages: 2 },
      file: { media_type: 'application/pdf' },
    });
    if (pinned?.shown?.type !== 'pdf') throw new Error('not a PDF');
    expect((await shownBytes(pinned.shown.text)).toString()).toContain('Hello');
  });

  it('that are text are shown as text', async () => {
    const pins = await pin([
      await file('document', 'table.csv', 'text/csv', 'a,b\n1,2\n'),
      inline('document', '{"a":1}', 'application/json'),
    ]);
    expect(pins).toMatchObject([
      { name: 'table.csv', shown: { type: 'text', bytes: 8 } },
      { shown: { type: 'text' }, file: { name: 'document.json' } },
    ]);
  });

  it('that are anything else, or too long, are only placed in the sandbox', async () => {
    const pins = await pin([
      await file('document', 'book.xlsx', 'application/zip', Buffer.from([0x50, 0x4b, 3, 4, 0, 0])),
      await file('document', 'log.txt', 'text/plain', 'x'.repeat(MEDIA_LIMITS.textCharacters + 1)),
    ]);
    expect(pins).toMatchObject([
      { shown: null, file: { name: 'book.xlsx' } },
      { shown: null, file: { name: 'log.txt' } },
    ]);
  });

  it('keep names that a file can have, whatever they are called', async () => {
    const pins = await pin([
      await file('document', '..', 'text/plain', 'one'),
      await file('document', `${'名'.repeat(200)}.txt`, 'text/plain', 'two'),
      { ...inline('document', 'three', 'text/plain'), title: '../../etc/passwd' } as MediaBlock,
    ]);
    const paths = pins.map(({ file: placed }) => placed?.path ?? '');
    for (const path of paths) {
      expect(path).toMatch(/^\/mnt\/session\/uploads\/[0-9a-f]{12}\/[^/]+$/);
      expect(Buffer.byteLength(path.split('/').at(-1) ?? '')).toBeLessThanOrEqual(200);
    }
    expect(paths.map((path) => path.split('/').at(-1))).toEqual([
      'unnamed',
      expect.stringMatching(/\.txt$/),
      'passwd.txt',
    ]);
  });

  it.each<[string, () => MediaBlock, RegExp]>([
    ['no PDF though they say so', () => inline('document', 'text', 'application/pdf'), /said to be a PDF/],
    ['broken', () => inline('document', '%PDF-1.7 oh', 'application/pdf'), /the PDF cannot be used/],
    [
      'too long',
      () => inline('document', tinyPdf('1', '2', '3', '4'), 'application/pdf'),
      /4 pages, at most 3/,
    ],
  ])('are refused by their place when they are %s', async (_name, make, message) => {
    await expect(pin([make()])).rejects.toThrow(message);
    await expect(pin([make()])).rejects.toThrow(/^events\.0\.content\.0\.source/);
  });

  it('that nobody can use are refused: the model sees nothing of them, and the agent reads no files', async () => {
    const block = inline('document', Buffer.from([0, 1, 2, 3]), 'application/octet-stream');
    await expect(pin([block], { reachesFiles: false })).rejects.toThrow(/no tools that read files/);
  });
});

describe('what a message may bring', () => {
  it('is a limited number of addresses and files', async () => {
    const many = Array.from({ length: MEDIA_LIMITS.addresses + 1 }, () =>
      address('document', 'https://a.example/'),
    );
    await expect(pin(many)).rejects.toThrow(/at most 20 addresses/);
    const resources = Array.from({ length: 500 }, (_value, index) => ({ mountPath: `/workspace/${index}` }));
    await expect(pin([inline('document', 'x', 'text/plain')], { resources })).rejects.toThrow(
      /501 resources/,
    );
  });

  it('is no file that is not there, or has expired', async () => {
    const block: MediaBlock = { type: 'image', source: { type: 'file', file_id: 'file_none' } };
    await expect(pin([block])).rejects.toMatchObject({ code: 'not_found' });
    const expired = await file('image', 'a.png', 'image/png', small);
    files = files.map((one) => ({ ...one, expiresAt: 999 }));
    await expect(pin([expired])).rejects.toThrow(/^events\.0\.content\.0\.source\.file_id/);
  });

  it('asks for nothing where there are only words', async () => {
    const event: ClientEvent = { type: 'user.message', content: [{ type: 'text', text: 'x' }] };
    const audience = () => Promise.reject(new Error('nobody asks'));
    expect((await pinMedia(deps, 'w', audience, [event], 'events')).size).toBe(0);
  });
});

/** The beginning of a PNG that says it is large; nothing of it has to be decoded to know that. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.from(png);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return header;
}
