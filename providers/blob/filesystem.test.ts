import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { blobStoreContract } from './contract.ts';
import { createFilesystemBlobStore } from './filesystem.ts';

blobStoreContract('a folder', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'blobs-'));
  return {
    store: createFilesystemBlobStore(root),
    age: async (milliseconds) => {
      const moment = new Date(Date.now() - milliseconds);
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) await utimes(path.join(entry.parentPath, entry.name), moment, moment);
      }
    },
    close: async () => rm(root, { recursive: true }),
  };
});

it('calls a blob by the hash of its bytes', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'blobs-'));
  try {
    const { sha256 } = await createFilesystemBlobStore(root).put('one', Buffer.from('some bytes'));
    expect(sha256).toBe(createHash('sha256').update('some bytes').digest('hex'));
    expect(await readdir(path.join(root, 'one', sha256.slice(0, 2)))).toEqual([sha256]);
  } finally {
    await rm(root, { recursive: true });
  }
});

it('leaves no file behind when a stream fails, and clears what a crash left', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'blobs-'));
  try {
    const store = createFilesystemBlobStore(root);
    await expect(store.putStream('one', Readable.from([Buffer.alloc(10)]), 5)).rejects.toThrow();
    expect(await readdir(path.join(root, '.incoming'))).toEqual([]);
  } finally {
    await rm(root, { recursive: true });
  }
});
