import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { blobNotFound, type BlobStore, type StagedBlob } from './blob-store.ts';
import { hashed } from './hashed.ts';
import { newFile } from './new-file.ts';

/** Where blobs lie while they are written, or until a sweep is sure of them. No workspace's folder starts with a dot. */
const INCOMING = '.incoming';

/** Blobs in a folder: `<workspace>/<two digits>/<sha256>`, written aside, synced, then renamed into place. */
export function createFilesystemBlobStore(root: string): BlobStore {
  const incoming = path.join(root, INCOMING);
  const folderOf = (workspaceId: string, sha256: string) =>
    path.join(root, encodeWorkspace(workspaceId), sha256.slice(0, 2));
  const pathOf = (workspaceId: string, sha256: string) => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw blobNotFound(sha256);
    return path.join(folderOf(workspaceId, sha256), sha256);
  };

  /** Restarts the grace of a blob that is there already. */
  async function refreshed(target: string): Promise<boolean> {
    const moment = new Date();
    return utimes(target, moment, moment).then(
      () => true,
      (error: unknown) => ifMissing(error, false),
    );
  }

  async function writeAside(source: Readable): Promise<string> {
    await mkdir(incoming, { recursive: true, mode: 0o700 });
    const aside = path.join(incoming, randomUUID());
    try {
      await pipeline(source, await newFile(aside));
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
    return aside;
  }

  async function moveIntoPlace(aside: string, workspaceId: string, sha256: string): Promise<void> {
    const folder = folderOf(workspaceId, sha256);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(aside, path.join(folder, sha256));
    await syncFolder(folder);
    await syncFolder(path.dirname(folder));
  }

  /** Whether a blob went: an old one that nobody refers to. */
  async function removeOld(
    file: string,
    cutoff: number,
    isReferenced: () => Promise<boolean>,
  ): Promise<boolean> {
    if ((await modifiedAt(file)) > cutoff || (await isReferenced())) return false;
    // Whoever stores the same bytes now either touched the blob before it was moved, which the second look sees, or misses
    // it and writes it anew.
    const aside = path.join(incoming, randomUUID());
    if (!(await renamed(file, aside))) return false;
    if ((await modifiedAt(aside)) > cutoff) {
      await renamed(aside, file);
      return false;
    }
    await unlink(aside);
    return true;
  }

  async function stage(workspaceId: string, source: Readable, limit: number): Promise<StagedBlob> {
    const counted = hashed(limit);
    const aside = await writeAside(Readable.from(pipe(source, counted.pass)));
    const { sha256, bytes } = counted.result();
    return {
      sha256,
      bytes,
      async keep() {
        if (await refreshed(pathOf(workspaceId, sha256))) await rm(aside, { force: true });
        else await moveIntoPlace(aside, workspaceId, sha256);
      },
      drop: async () => rm(aside, { force: true }),
    };
  }

  return {
    stage,

    async remove(workspaceId, sha256, graceMs, isReferenced) {
      await mkdir(incoming, { recursive: true, mode: 0o700 });
      const file = pathOf(workspaceId, sha256);
      const isThere = await stat(file).then(
        () => true,
        (error: unknown) => ifMissing(error, false),
      );
      return !isThere || (await removeOld(file, Date.now() - graceMs, isReferenced));
    },

    async put(workspaceId, bytes) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      if (!(await refreshed(pathOf(workspaceId, sha256)))) {
        await moveIntoPlace(await writeAside(Readable.from([Buffer.from(bytes)])), workspaceId, sha256);
      }
      return { sha256, bytes: bytes.length };
    },

    async putStream(workspaceId, source, limit) {
      const { sha256, bytes, keep } = await stage(workspaceId, source, limit);
      await keep();
      return { sha256, bytes };
    },

    async get(workspaceId, sha256) {
      return readFile(pathOf(workspaceId, sha256)).catch((error: unknown) => {
        throw missing(error) ? blobNotFound(sha256) : error;
      });
    },

    async open(workspaceId, sha256) {
      const handle = await open(pathOf(workspaceId, sha256)).catch((error: unknown) => {
        throw missing(error) ? blobNotFound(sha256) : error;
      });
      return createReadStream('', { fd: handle, autoClose: true });
    },

    async has(workspaceId, sha256) {
      return stat(pathOf(workspaceId, sha256)).then(
        () => true,
        (error: unknown) => ifMissing(error, false),
      );
    },

    async *list() {
      await mkdir(root, { recursive: true, mode: 0o700 });
      for await (const { workspaceId, sha256 } of blobsIn(root)) yield { workspaceId, sha256 };
    },

    async sweep(graceMs, isReferenced) {
      const cutoff = Date.now() - graceMs;
      let removed = 0;
      await mkdir(incoming, { recursive: true, mode: 0o700 });
      for await (const { workspaceId, sha256, file } of blobsIn(root)) {
        if (await removeOld(file, cutoff, async () => isReferenced(workspaceId, sha256))) removed += 1;
      }
      for (const left of await readdir(incoming)) {
        const file = path.join(incoming, left);
        if ((await modifiedAt(file)) <= cutoff) await rm(file, { force: true });
      }
      return removed;
    },
  };
}

/** Feeds a stream through a transform, so that an error of either ends the reader. */
async function* pipe(source: Readable, pass: (chunk: Uint8Array) => Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield pass(chunk as Uint8Array);
}

async function* blobsIn(root: string): AsyncGenerator<{ workspaceId: string; sha256: string; file: string }> {
  for (const workspace of await readdir(root)) {
    if (workspace.startsWith('.')) continue;
    for (const prefix of await readdir(path.join(root, workspace))) {
      const folder = path.join(root, workspace, prefix);
      for (const sha256 of await readdir(folder)) {
        yield { workspaceId: decodeURIComponent(workspace), sha256, file: path.join(folder, sha256) };
      }
    }
  }
}

/** A folder's name for any workspace id: no separators, no leading dot. */
function encodeWorkspace(workspaceId: string): string {
  return encodeURIComponent(workspaceId).replace(/^\./, '%2E');
}

/** Milliseconds; for a file that is gone, infinitely late. */
async function modifiedAt(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.mtimeMs,
    (error: unknown) => ifMissing(error, Number.POSITIVE_INFINITY),
  );
}

async function renamed(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    (error: unknown) => ifMissing(error, false),
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function missing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function ifMissing<T>(error: unknown, value: T): T {
  if (missing(error)) return value;
  throw error;
}
