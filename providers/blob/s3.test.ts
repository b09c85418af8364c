import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { startS3Server } from '../../test/doubles/s3-server.ts';
import { blobStoreContract } from './contract.ts';
import { createS3BlobStore } from './s3.ts';

async function makeStore(endpoint: string) {
  const spoolFolder = await mkdtemp(path.join(tmpdir(), 'spool-'));
  const store = createS3BlobStore({
    bucket: 'bucket',
    prefix: 'blobs/',
    region: 'us-east-1',
    endpoint,
    pathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    spoolFolder,
  });
  return { store, spoolFolder };
}

blobStoreContract('S3', async () => {
  const server = await startS3Server();
  const { store, spoolFolder } = await makeStore(server.url);
  return {
    store,
    age: async (milliseconds) => {
      for (const object of server.objects.values()) object.modified -= milliseconds;
    },
    close: async () => {
      expect(await readdir(spoolFolder)).toEqual([]);
      await rm(spoolFolder, { recursive: true });
      await server.close();
    },
  };
});

it('says unavailable when the storage does not answer', async () => {
  const server = await startS3Server();
  await server.close();
  const { store, spoolFolder } = await makeStore(server.url);
  await expect(store.get('one', '0'.repeat(64))).rejects.toMatchObject({ code: 'unavailable' });
  await expect(store.put('one', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' });
  await rm(spoolFolder, { recursive: true });
});

it('reads on while many others do not take what they opened', async () => {
  const server = await startS3Server();
  const { store, spoolFolder } = await makeStore(server.url);
  const { sha256: large } = await store.put('one', Buffer.alloc(8 * 1024 * 1024, 1));
  const { sha256: small } = await store.put('one', Buffer.from('small'));
  const untaken = await Promise.all(Array.from({ length: 60 }, async () => store.open('one', large)));
  expect(Buffer.from(await store.get('one', small)).toString()).toBe('small');
  for (const stream of untaken) stream.destroy();
  await server.close();
  await rm(spoolFolder, { recursive: true });
});

it('removes what a process that died left of a stream', async () => {
  const server = await startS3Server();
  const { store, spoolFolder } = await makeStore(server.url);
  const [left, current] = ['left', 'current'].map((name) => path.join(spoolFolder, name));
  for (const file of [left, current]) await writeFile(file ?? '', 'part');
  const before = new Date(Date.now() - 25 * 3_600_000);
  await utimes(left ?? '', before, before);
  await store.putStream('one', Readable.from([Buffer.from('whole')]), 100);
  expect(await readdir(spoolFolder)).toEqual(['current']);
  await server.close();
  await rm(spoolFolder, { recursive: true });
});
