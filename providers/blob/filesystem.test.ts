import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { mkdir, mkdtemp, open, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { blobStoreContract } from './contract.ts';
import { createFilesystemBlobStore } from './filesystem.ts';
import { createFolderGate } from './folder-gate.ts';

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

it('gives up a file system that hangs in the kernel, while names can still be looked up', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'blobs-'));
  const hashes = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => letter.repeat(64));
  const pipes = hashes.map((sha256) => path.join(root, 'one', sha256.slice(0, 2), sha256));
  try {
    // To open a pipe that nobody writes into waits as a file of a lost server does.
    for (const pipe of pipes) {
      await mkdir(path.dirname(pipe), { recursive: true });
      execFileSync('mkfifo', [pipe]);
    }
    const store = createFilesystemBlobStore(root, createFolderGate('blobs.folder', 500));
    const reads = Promise.allSettled(hashes.map(async (sha256) => store.get('one', sha256)));
    await lookup('localhost');
    for (const result of await reads) expect(result).toMatchObject({ reason: { code: 'unavailable' } });
  } finally {
    const writers = [];
    for (const pipe of pipes) writers.push(await open(pipe, 'r+'));
    for (const writer of writers) await writer.close();
    await rm(root, { recursive: true });
  }
});
