import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { BlobStore } from '../blob/blob-store.ts';
import { blobStoreContract } from '../blob/contract.ts';
import { createInMemoryBlobStore } from '../blob/in-memory.ts';
import { PIECE_BYTES, PLAIN_HEADER } from './blob-format.ts';
import { createEncryptedBlobStore } from './encrypted-blob-store.ts';
import { createKeyRing } from './key-ring.ts';

const OLD = { id: 'old', key: Buffer.alloc(32, 1) };
const NEW = { id: 'new', key: Buffer.alloc(32, 2) };

for (const [name, keys] of [
  ['an encrypted store', [OLD]],
  ['an encrypted store without keys', []],
] as const) {
  blobStoreContract(name, async () => {
    let offset = 0;
    const inner = createInMemoryBlobStore(() => Date.now() + offset);
    return {
      store: createEncryptedBlobStore(inner, createKeyRing(keys)),
      age: async (milliseconds) => {
        offset += milliseconds;
      },
      close: async () => undefined,
    };
  });
}

const streamed = async (store: BlobStore, content: Buffer): Promise<string> =>
  (await store.putStream('ws', Readable.from([content]), content.length)).sha256;
const readBack = async (store: BlobStore, name: string): Promise<Buffer> =>
  buffer(await store.open('ws', name));

describe('an encrypted blob store', () => {
  it('stores nothing of the content in the clear, and gives it back whatever its length', async () => {
    const inner = createInMemoryBlobStore();
    const store = createEncryptedBlobStore(inner, createKeyRing([NEW]));
    for (const length of [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES]) {
      const content = Buffer.alloc(length, 'canary-');
      for (const name of [(await store.put('ws', content)).sha256, await streamed(store, content)]) {
        expect(Buffer.from(await inner.get('ws', name)).includes('canary-')).toBe(false);
        expect(Buffer.from(await store.get('ws', name)).equals(content)).toBe(true);
        expect((await readBack(store, name)).equals(content)).toBe(true);
      }
    }
  });

  it('reads what an older key encrypted and what was stored plain, and writes with the first key', async () => {
    const inner = createInMemoryBlobStore();
    const content = Buffer.from('the content');
    const plain = (await createEncryptedBlobStore(inner, createKeyRing([])).put('ws', content)).sha256;
    const old = (await createEncryptedBlobStore(inner, createKeyRing([OLD])).put('ws', content)).sha256;
    const store = createEncryptedBlobStore(inner, createKeyRing([NEW, OLD]));
    const fresh = (await store.put('ws', content)).sha256;
    expect(new Set([plain, old, fresh]).size).toBe(3);
    for (const name of [plain, old, fresh]) {
      expect(Buffer.from(await store.get('ws', name))).toEqual(content);
      expect(await readBack(store, name)).toEqual(content);
    }
    const onlyNew = createEncryptedBlobStore(inner, createKeyRing([NEW]));
    expect(Buffer.from(await onlyNew.get('ws', fresh))).toEqual(content);
    await expect(onlyNew.get('ws', old)).rejects.toMatchObject({ code: 'key_missing' });
    await expect(readBack(onlyNew, old)).rejects.toMatchObject({ code: 'key_missing' });
  });

  it('gives back plain bytes that look like an encrypted blob', async () => {
    const store = createEncryptedBlobStore(createInMemoryBlobStore(), createKeyRing([]));
    const content = Buffer.concat([PLAIN_HEADER, Buffer.from('nothing secret')]);
    for (const name of [(await store.put('ws', content)).sha256, await streamed(store, content)]) {
      expect(Buffer.from(await store.get('ws', name))).toEqual(content);
      expect(await readBack(store, name)).toEqual(content);
    }
  });

  it('refuses a blob that was changed, cut off, exchanged for another, or moved to another workspace', async () => {
    const inner = createInMemoryBlobStore();
    const store = createEncryptedBlobStore(inner, createKeyRing([NEW]));
    const name = await streamed(store, Buffer.alloc(2 * PIECE_BYTES + 10, 'x'));
    const stored = Buffer.from(await inner.get('ws', name));
    const flipped = Buffer.from(stored);
    flipped[stored.length - 1] = (flipped[stored.length - 1] ?? 0) ^ 1;
    const other = Buffer.from(await inner.get('ws', await streamed(store, Buffer.from('another'))));
    const pretend = (bytes: Buffer) =>
      createEncryptedBlobStore(
        { ...inner, get: async () => bytes, open: async () => Readable.from([bytes]) },
        createKeyRing([NEW]),
      );
    for (const [bytes, workspace] of [
      [flipped, 'ws'],
      [stored.subarray(0, stored.length - 26), 'ws'],
      [stored.subarray(0, 20), 'ws'],
      [other, 'ws'],
      [stored, 'elsewhere'],
    ] as const) {
      await expect(pretend(bytes).get(workspace, name)).rejects.toMatchObject({ code: 'undecryptable' });
      await expect(pretend(bytes).open(workspace, name).then(buffer)).rejects.toMatchObject({
        code: 'undecryptable',
      });
    }
  });
});
