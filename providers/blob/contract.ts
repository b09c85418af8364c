import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BlobStore } from './blob-store.ts';

const HOUR = 3_600_000;

/** What every blob store must do. `make` gives an empty store and how to make its blobs older by some milliseconds. */
export function blobStoreContract(
  name: string,
  make: () => Promise<{
    store: BlobStore;
    age: (milliseconds: number) => Promise<void>;
    close: () => Promise<void>;
  }>,
): void {
  describe(`${name} as a blob store`, () => {
    let store: BlobStore;
    let age: (milliseconds: number) => Promise<void>;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ store, age, close } = await make());
    });
    afterAll(async () => close());

    const bytesOf = (text: string) => new TextEncoder().encode(text);
    /** What a workspace holds, by name. */
    const blobsOf = async (workspace: string): Promise<string[]> => {
      await age(2 * HOUR);
      const names: string[] = [];
      await store.sweep(HOUR, async (workspaceId, sha256) => {
        if (workspaceId === workspace) names.push(sha256);
        return true;
      });
      return names;
    };

    it('gives back the bytes that were stored, under their hash', async () => {
      const bytes = bytesOf('some bytes \u0000 and more');
      const { sha256, bytes: length } = await store.put('one', bytes);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(length).toBe(bytes.length);
      expect(Buffer.from(await store.get('one', sha256))).toEqual(Buffer.from(bytes));
      expect(await buffer(await store.open('one', sha256))).toEqual(Buffer.from(bytes));
      expect(await store.has('one', sha256)).toBe(true);
    });

    it('stores nothing as well as something', async () => {
      const { sha256 } = await store.put('one', new Uint8Array());
      expect(await store.get('one', sha256)).toHaveLength(0);
      expect(await buffer(await store.open('one', sha256))).toHaveLength(0);
    });

    it('finds a staged stream once it is kept, and nothing of one that is dropped', async () => {
      const [kept, dropped] = await Promise.all(
        ['kept', 'dropped'].map(async (text) => store.stage('staging', Readable.from([bytesOf(text)]), 100)),
      );
      if (!kept || !dropped) throw new Error('nothing was staged');
      expect([await store.has('staging', kept.sha256), kept.bytes]).toEqual([false, 4]);
      await kept.keep();
      await dropped.drop();
      expect(Buffer.from(await store.get('staging', kept.sha256)).toString()).toBe('kept');
      expect(await blobsOf('staging')).toEqual([kept.sha256]);
      await expect(store.stage('staging', Readable.from([bytesOf('too much')]), 3)).rejects.toMatchObject({
        code: 'too_large',
      });
    });

    it('removes one blob that is old and that nobody claims', async () => {
      const { sha256 } = await store.put('removing', bytesOf('to be removed'));
      const none = async () => false;
      expect(await store.remove('removing', sha256, HOUR, none)).toBe(false);
      await age(2 * HOUR);
      expect(await store.remove('removing', sha256, HOUR, async () => true)).toBe(false);
      expect(await store.has('removing', sha256)).toBe(true);
      await store.put('removing', bytesOf('to be removed'));
      expect(await store.remove('removing', sha256, HOUR, none)).toBe(false);
      await age(2 * HOUR);
      expect(await store.remove('removing', sha256, HOUR, none)).toBe(true);
      expect(await store.has('removing', sha256)).toBe(false);
      expect(await store.remove('removing', sha256, HOUR, none)).toBe(true);
    });

    it('takes the same bytes twice as one blob, also when both come at once', async () => {
      const bytes = bytesOf('the same bytes');
      const stored = await Promise.all([1, 2, 3, 4].map(async () => store.put('one', bytes)));
      expect(new Set(stored.map(({ sha256 }) => sha256)).size).toBe(1);
      expect(Buffer.from(await store.get('one', stored[0]?.sha256 ?? ''))).toEqual(Buffer.from(bytes));
    });

    it('keeps workspaces apart, whatever they are called', async () => {
      const bytes = bytesOf('private');
      const { sha256 } = await store.put('../one/ü?', bytes);
      expect(await store.has('../one/ü?', sha256)).toBe(true);
      expect(await store.has('one', sha256)).toBe(false);
      await expect(store.get('one', sha256)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('says not_found for hashes that it does not have, also for what is no hash', async () => {
      for (const sha256 of ['0'.repeat(64), '../../etc/passwd', '']) {
        await expect(store.get('one', sha256)).rejects.toMatchObject({ code: 'not_found' });
        await expect(store.open('one', sha256)).rejects.toMatchObject({ code: 'not_found' });
      }
    });

    it('stores a stream', async () => {
      const chunks = Array.from({ length: 64 }, (_, index) => Buffer.alloc(65_536, index));
      const whole = Buffer.concat(chunks);
      const stored = await store.putStream('one', Readable.from(chunks), whole.length);
      expect(stored.bytes).toBe(whole.length);
      expect(await buffer(await store.open('one', stored.sha256))).toEqual(whole);
    });

    it('refuses a stream that is too long and leaves nothing of it', async () => {
      const chunks = [Buffer.from('12345'), Buffer.from('67890')];
      await expect(store.putStream('refused', Readable.from(chunks), 9)).rejects.toMatchObject({
        code: 'too_large',
      });
      expect(await blobsOf('refused')).toEqual([]);
    });

    it('passes on the error of a stream that breaks and leaves nothing of it', async () => {
      async function* broken() {
        yield Buffer.from('a start');
        throw new Error('the client went away');
      }
      await expect(store.putStream('broken', Readable.from(broken()), 100)).rejects.toThrow(
        'the client went away',
      );
      expect(await blobsOf('broken')).toEqual([]);
    });

    it('lists every blob with its workspace', async () => {
      const stored = [];
      for (const [workspaceId, text] of [
        ['listed', 'one'],
        ['listed', 'two'],
        ['also/listed', 'one'],
      ] as const) {
        const { sha256 } = await store.put(workspaceId, bytesOf(text));
        stored.push({ workspaceId, sha256 });
      }
      const listed = [];
      for await (const blob of store.list()) if (blob.workspaceId.includes('listed')) listed.push(blob);
      expect(listed).toHaveLength(3);
      expect(listed).toEqual(expect.arrayContaining(stored));
    });

    it('sweeps blobs that are old and that nothing refers to', async () => {
      const kept = await store.put('swept', bytesOf('kept'));
      const dropped = await store.put('swept', bytesOf('dropped'));
      const again = await store.put('swept', bytesOf('stored again'));
      await age(2 * HOUR);
      const fresh = await store.put('swept', bytesOf('fresh'));
      await store.put('swept', bytesOf('stored again'));
      const asked: string[] = [];
      await store.sweep(HOUR, async (workspaceId, sha256) => {
        if (workspaceId === 'swept') asked.push(sha256);
        return workspaceId !== 'swept' || sha256 === kept.sha256;
      });
      expect(asked.sort()).toEqual([kept.sha256, dropped.sha256].sort());
      expect(await store.has('swept', kept.sha256)).toBe(true);
      expect(await store.has('swept', again.sha256)).toBe(true);
      expect(await store.has('swept', fresh.sha256)).toBe(true);
      expect(await store.has('swept', dropped.sha256)).toBe(false);
    });
  });
}
