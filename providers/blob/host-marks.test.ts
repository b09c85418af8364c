import { expect, it } from 'vitest';
import { createHostMarks } from './host-marks.ts';
import { createInMemoryBlobStore } from './in-memory.ts';

it('tell which hosts store their blobs here, and which elsewhere', async () => {
  const [here, elsewhere] = [createInMemoryBlobStore(), createInMemoryBlobStore()].map(createHostMarks);
  await here?.leave('one');
  await here?.leave('two');
  await elsewhere?.leave('three');
  expect(await here?.missing(['one', 'two', 'three'])).toEqual(['three']);
  expect(await elsewhere?.missing(['one', 'two', 'three'])).toEqual(['one', 'two']);
  expect(await here?.missing([])).toEqual([]);
});
