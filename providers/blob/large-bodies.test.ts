import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { LARGE_STRING, referencesOf } from '../../core/journal/large-strings.ts';
import { createInMemoryBlobStore } from './in-memory.ts';
import { loadLargeStrings, storeLargeStrings } from './large-bodies.ts';

const image = randomBytes(LARGE_STRING);
const data = image.toString('base64');

it('keeps data in base64 once, as the bytes that it stands for', async () => {
  const blobs = createInMemoryBlobStore();
  const uploaded = await blobs.put('w', image);
  const body = { content: [{ type: 'image', source: { type: 'base64', data } }] };
  const stored = await storeLargeStrings(blobs, 'w', body);
  expect(referencesOf(stored)).toEqual([
    { path: ['content', 0, 'source', 'data'], ...uploaded, encoding: 'base64' },
  ]);
  expect(await loadLargeStrings(blobs, 'w', stored)).toEqual(body);
});

it.each([
  ['plain text', 'word '.repeat(LARGE_STRING / 4)],
  ['letters only, which no base64 ends like', 'a'.repeat(LARGE_STRING + 1)],
  ['base64 with line ends', data.replaceAll(/.{76}/g, '$&\n')],
  [
    'base64 without its padding',
    randomBytes(LARGE_STRING + 1)
      .toString('base64')
      .replaceAll('=', ''),
  ],
  ['base64 for addresses', `-_${data}`],
  ['base64 with bits that say nothing', `${data.slice(0, -4)}AB==`],
  ['text beyond ASCII', `${data}é🌍`],
])('gives back %s to the letter', async (_what, text) => {
  const blobs = createInMemoryBlobStore();
  const body = { type: 'agent.message', content: [{ type: 'text', text }] };
  expect(await loadLargeStrings(blobs, 'w', await storeLargeStrings(blobs, 'w', body))).toEqual(body);
});
