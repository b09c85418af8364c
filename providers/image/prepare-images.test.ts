import { expect, it } from 'vitest';
import { AppError } from '../../core/errors.ts';
import type { ImageLimits } from '../../core/models/model-entry.ts';
import type { ImageBlock, TranscriptMessage } from '../../core/session/content.ts';
import { createCachedPreparer } from './cached-preparer.ts';
import type { ImagePreparer } from './image-preparer.ts';
import { prepareImages } from './prepare-images.ts';

const LIMITS: ImageLimits = {
  maxCount: 3,
  maxBytes: 1_000,
  maxPixelsPerSide: 100,
  mediaTypes: ['image/png'],
};
const never = new AbortController().signal;

/** Turns everything into a PNG that says what it was; refuses what is named `broken`. */
function scriptedPreparer(): ImagePreparer & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    prepare({ data }) {
      const name = Buffer.from(data).toString();
      calls.push(name);
      if (name === 'broken') throw new AppError('invalid_request', 'The image cannot be used: it is broken.');
      if (name === 'fits') return Promise.resolve({ mediaType: 'image/png', data, width: 1, height: 1 });
      return Promise.resolve({
        mediaType: 'image/png',
        data: Buffer.from(`png of ${name}`),
        width: 1,
        height: 1,
      });
    },
    close: () => Promise.resolve(),
  };
}

function image(name: string, type = 'image/png'): ImageBlock {
  return {
    type: 'image',
    source: { type: 'base64', media_type: type, data: Buffer.from(name).toString('base64') },
  };
}

function shows(...names: string[]): TranscriptMessage {
  return {
    role: 'user',
    content: [
      {
        type: 'tool_result',
        tool_use_id: 't',
        content: names.map((name) => image(name, 'image/tiff')),
        is_error: false,
      },
    ],
  };
}

it('converts images of users and of tools, and leaves what fits as it is', async () => {
  const messages: TranscriptMessage[] = [
    { role: 'user', content: [image('fits'), { type: 'text', text: 'x' }] },
    shows('photo'),
  ];
  const prepared = await prepareImages(messages, LIMITS, scriptedPreparer(), never);
  expect(prepared[0]).toEqual(messages[0]);
  expect(prepared[1]).toMatchObject({ content: [{ content: [image('png of photo')] }] });
});

it('puts a sentence in the place of an image that cannot be used, and of those that are too many', async () => {
  const prepared = await prepareImages(
    [shows('one', 'two', 'three', 'broken')],
    LIMITS,
    scriptedPreparer(),
    never,
  );
  const text = JSON.stringify(prepared);
  expect(text).toContain('it is broken');
  expect(text).toContain('left out');
  expect(text.split('"image"')).toHaveLength(3);
});

it('leaves out every image where the model takes none, without decoding any', async () => {
  const preparer = scriptedPreparer();
  const prepared = await prepareImages([shows('one')], null, preparer, never);
  expect(JSON.stringify(prepared)).not.toContain('"image"');
  expect(preparer.calls).toEqual([]);
});

it('passes on failures that are not the image’s', async () => {
  const failing: ImagePreparer = {
    prepare: () => Promise.reject(new AppError('unavailable', 'busy')),
    close: () => Promise.resolve(),
  };
  await expect(prepareImages([shows('one')], LIMITS, failing, never)).rejects.toMatchObject({
    code: 'unavailable',
  });
});

it('converts the same image once as long as there is room to remember it', async () => {
  const inner = scriptedPreparer();
  const cached = createCachedPreparer(inner, 20);
  const prepare = (name: string) => cached.prepare({ data: Buffer.from(name) }, LIMITS, never);
  await prepare('one');
  await prepare('one');
  expect(inner.calls).toEqual(['one']);
  await prepare('two');
  await prepare('one');
  // Two of ten bytes fill it; the one used longest ago goes.
  await prepare('six');
  await prepare('one');
  await prepare('two');
  expect(inner.calls).toEqual(['one', 'two', 'six', 'two']);
  await cached.prepare({ data: Buffer.from('one') }, { ...LIMITS, maxBytes: 5 }, never);
  expect(inner.calls.at(-1)).toBe('one');
});
