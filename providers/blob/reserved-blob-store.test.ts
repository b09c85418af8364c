import { Readable } from 'node:stream';
import { expect, it } from 'vitest';

import { AppError } from '../../core/errors.ts';
import { createInMemoryBlobStore } from './in-memory.ts';
import { createReservedBlobStore } from './reserved-blob-store.ts';

it('refuses streams while the disk is full, and goes on with small contents', async () => {
  let isFull = false;
  const store = createReservedBlobStore(createInMemoryBlobStore(), {
    require(what) {
      if (isFull) throw new AppError('disk_full', what);
    },
  });
  const { sha256 } = await store.putStream('one', Readable.from([Buffer.from('file')]), 10);
  isFull = true;
  const source = Readable.from([Buffer.from('more')]);
  await expect(store.putStream('one', source, 10)).rejects.toMatchObject({ code: 'disk_full' });
  expect(source.destroyed).toBe(true);
  const staged = Readable.from([Buffer.from('more')]);
  await expect(store.stage('one', staged, 10)).rejects.toMatchObject({ code: 'disk_full' });
  expect(staged.destroyed).toBe(true);
  expect(await store.get('one', sha256)).toEqual(new Uint8Array(Buffer.from('file')));
  expect((await store.put('one', Buffer.from('small'))).bytes).toBe(5);
});
