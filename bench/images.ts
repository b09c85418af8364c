import { readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { createContentCache } from '../activities/request/content-cache.ts';
import { prepareContent } from '../activities/request/prepare-content.ts';
import { claudeModel } from '../core/models/claude-models.ts';
import type { TranscriptMessage } from '../core/session/content.ts';
import { createInMemoryBlobStore } from '../providers/blob/in-memory.ts';
import { createDecodedPdfs } from '../providers/document/decoded-pdfs.ts';
import { createDecodedImages } from '../providers/image/decoded-images.ts';
import { testDecoder } from '../test/harness/test-decoder.ts';
import { tinyPdf } from '../test/doubles/tiny-pdf.ts';

/**
 * `node bench/images.ts`: what images and documents cost. Preparing one of each kind for a model, as it is accepted; and the images of
 * a long conversation for a request, in a worker that sees them for the first time and in one that has them ready.
 */
const never = new AbortController().signal;
const model = claudeModel('claude-opus-5-5');
const limits = model.images ?? { mediaTypes: [], maxBytes: 0, maxPixelsPerSide: 0 };
const decoder = testDecoder();
const images = createDecodedImages(decoder);

await kinds();
await conversation();
await documents();
await decoder.close();

async function kinds(): Promise<void> {
  console.log('\nPreparing an image for Claude, median of 7 (ms), the first one after a start apart');
  const noise = sharp({
    create: {
      width: 4_000,
      height: 3_000,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  });
  const screen = sharp({ create: { width: 1_280, height: 800, channels: 3, background: '#eee' } });
  const heic = path.join(import.meta.dirname, '../providers/image/__fixtures__/two-colours.heic');
  const inputs: [string, Buffer][] = [
    ['screenshot, 1280 × 800 PNG', await screen.clone().png().toBuffer()],
    ['screenshot as TIFF', await screen.clone().tiff().toBuffer()],
    ['screenshot as AVIF', await screen.clone().avif().toBuffer()],
    ['small HEIC', readFileSync(heic)],
    ['photo, 12 megapixel JPEG', await noise.clone().jpeg({ quality: 90 }).toBuffer()],
    ['photo, 12 megapixel WebP', await noise.clone().webp({ quality: 80 }).toBuffer()],
  ];
  for (const [name, data] of inputs) {
    const [first, median] = await measure(8, async () =>
      images.prepare({ workspaceId: 'w', data }, limits, never),
    );
    console.log(`  ${name.padEnd(28)} ${median.toFixed(0)} (first ${first.toFixed(0)})`);
  }
}

async function conversation(): Promise<void> {
  const blobs = createInMemoryBlobStore();
  const messages: TranscriptMessage[] = [];
  for (let index = 0; index < 80; index += 1) {
    const background = { r: index * 3, g: 90, b: 60 };
    const noise = { type: 'gaussian', mean: 128, sigma: 12 } as const;
    const data = await sharp({ create: { width: 900, height: 600, channels: 3, background, noise } })
      .jpeg({ quality: 80 })
      .toBuffer();
    const { sha256, bytes } = await blobs.put('w', data);
    const source = { type: 'stored', media_type: 'image/jpeg', sha256, bytes } as const;
    messages.push({ role: 'user', content: [{ type: 'image', source }] });
  }
  const contents = createContentCache(128 * 1024 * 1024);
  const deps = { blobs, images, contents };
  const [first, median] = await measure(8, async () => prepareContent(deps, 'w', model, messages, never));
  console.log('\nThe images of a conversation for a request, 80 of 900 × 600 (ms)');
  console.log(`  seen for the first time ${first.toFixed(0)}, ready ${median.toFixed(2)}`);
}

async function documents(): Promise<void> {
  const reader = createDecodedPdfs(decoder, { pages: 1_000, characters: 400_000 });
  console.log('\nReading a PDF, median of 3 (ms)');
  for (const pages of [1, 100, 1_000]) {
    const pdf = tinyPdf(...Array.from({ length: pages }, (_value, index) => `Page ${index} says something.`));
    const [, median] = await measure(4, async () => reader.read('w', pdf, never));
    console.log(`  ${String(pages).padStart(5)} pages ${median.toFixed(0)}`);
  }
}

/** Milliseconds of the first run, and the median of the others. */
async function measure(runs: number, work: () => Promise<unknown>): Promise<[first: number, median: number]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  const [first = 0, ...rest] = times;
  rest.sort((one, other) => one - other);
  return [first, rest[rest.length >> 1] ?? 0];
}
