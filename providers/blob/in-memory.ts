import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import { blobNotFound, type BlobStore } from './blob-store.ts';

/** Blobs in memory, for tests. `now` gives Unix milliseconds. */
export function createInMemoryBlobStore(now: () => number = Date.now): BlobStore {
  const blobs = new Map<string, { workspaceId: string; bytes: Uint8Array; writtenAt: number }>();
  const keyOf = (workspaceId: string, sha256: string) => JSON.stringify([workspaceId, sha256]);

  const put: BlobStore['put'] = async (workspaceId, bytes) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    blobs.set(keyOf(workspaceId, sha256), { workspaceId, bytes: Uint8Array.from(bytes), writtenAt: now() });
    return { sha256, bytes: bytes.length };
  };
  const get: BlobStore['get'] = async (workspaceId, sha256) => {
    const blob = blobs.get(keyOf(workspaceId, sha256));
    if (!blob) throw blobNotFound(sha256);
    return Uint8Array.from(blob.bytes);
  };

  const stage: BlobStore['stage'] = async (workspaceId, source, limit) => {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of source) {
      const bytes = Buffer.from(chunk as Uint8Array);
      length += bytes.length;
      if (length > limit) throw new AppError('too_large', `More than ${limit} bytes came.`);
      chunks.push(bytes);
    }
    const content = Buffer.concat(chunks);
    return {
      sha256: createHash('sha256').update(content).digest('hex'),
      bytes: length,
      keep: async () => {
        await put(workspaceId, content);
      },
      drop: async () => undefined,
    };
  };

  return {
    put,
    get,
    stage,
    async putStream(workspaceId, source, limit) {
      const { sha256, bytes, keep } = await stage(workspaceId, source, limit);
      await keep();
      return { sha256, bytes };
    },
    async remove(workspaceId, sha256, graceMs, isReferenced) {
      const blob = blobs.get(keyOf(workspaceId, sha256));
      if (!blob) return true;
      if (blob.writtenAt > now() - graceMs || (await isReferenced())) return false;
      return blobs.delete(keyOf(workspaceId, sha256));
    },
    async open(workspaceId, sha256) {
      return Readable.from([Buffer.from(await get(workspaceId, sha256))]);
    },
    async has(workspaceId, sha256) {
      return blobs.has(keyOf(workspaceId, sha256));
    },
    async *list() {
      for (const { workspaceId, bytes } of blobs.values()) {
        yield { workspaceId, sha256: createHash('sha256').update(bytes).digest('hex') };
      }
    },
    async sweep(graceMs, isReferenced) {
      let removed = 0;
      for (const [key, blob] of blobs) {
        const sha256 = createHash('sha256').update(blob.bytes).digest('hex');
        if (blob.writtenAt > now() - graceMs || (await isReferenced(blob.workspaceId, sha256))) continue;
        blobs.delete(key);
        removed += 1;
      }
      return removed;
    },
  };
}
