import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, unlink, utimes, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { blobNotFound, type BlobStore, type StagedBlob } from './blob-store.ts';
import { createFolderGate, type FolderGate } from './folder-gate.ts';
import { hashed } from './hashed.ts';

/** Where blobs lie while they are written, or until a sweep is sure of them. No workspace's folder starts with a dot. */
const INCOMING = '.incoming';

/** What is read of a file at once, to be passed on or to be kept. */
const PIECE_BYTES = 256 * 1024;
const WHOLE_PIECE_BYTES = 1024 * 1024;

/**
 * Blobs in a folder: `<workspace>/<two digits>/<sha256>`, written aside, synced, then renamed into place. Rejects with `unavailable` while
 * the file system does not answer.
 */
export function createFilesystemBlobStore(
  root: string,
  gate: FolderGate = createFolderGate('blobs.folder'),
): BlobStore {
  const incoming = path.join(root, INCOMING);
  const folderOf = (workspaceId: string, sha256: string) =>
    path.join(root, encodeWorkspace(workspaceId), sha256.slice(0, 2));
  const pathOf = (workspaceId: string, sha256: string) => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw blobNotFound(sha256);
    return path.join(folderOf(workspaceId, sha256), sha256);
  };

  const makeFolder = async (folder: string): Promise<void> => {
    await gate.pass(async () => mkdir(folder, { recursive: true, mode: 0o700 }));
  };
  const removeFile = async (file: string): Promise<void> => gate.pass(async () => rm(file, { force: true }));
  const openFile = async (file: string, flags: 'r' | 'wx'): Promise<FileHandle> =>
    gate.pass(
      async () => open(file, flags, 0o600),
      (late) => void late.close().catch(() => undefined),
    );
  const close = async (handle: FileHandle): Promise<void> => gate.pass(async () => handle.close());

  /** What `operation` gives; `otherwise` when there is no such file. */
  async function ifThere<T>(operation: () => Promise<T>, otherwise: T): Promise<T> {
    return gate.pass(operation).catch((error: unknown) => {
      if (missing(error)) return otherwise;
      throw error;
    });
  }

  /** Restarts the grace of a blob that is there already. */
  async function refreshed(target: string): Promise<boolean> {
    const moment = new Date();
    return ifThere(async () => {
      await utimes(target, moment, moment);
      return true;
    }, false);
  }

  async function writeAside(source: AsyncIterable<Uint8Array>): Promise<string> {
    await makeFolder(incoming);
    const aside = path.join(incoming, randomUUID());
    try {
      const handle = await openFile(aside, 'wx');
      try {
        for await (const piece of source) await gate.pass(async () => handle.writeFile(piece));
        await gate.pass(async () => handle.sync());
      } finally {
        await close(handle);
      }
    } catch (error) {
      // Why it failed matters more; a sweep removes what is left.
      await removeFile(aside).catch(() => undefined);
      throw error;
    }
    return aside;
  }

  async function moveIntoPlace(aside: string, workspaceId: string, sha256: string): Promise<void> {
    const folder = folderOf(workspaceId, sha256);
    await makeFolder(folder);
    await gate.pass(async () => rename(aside, path.join(folder, sha256)));
    await syncFolder(folder);
    await syncFolder(path.dirname(folder));
  }

  async function syncFolder(folder: string): Promise<void> {
    const handle = await openFile(folder, 'r');
    try {
      await gate.pass(async () => handle.sync());
    } finally {
      await close(handle);
    }
  }

  /** Milliseconds; for a file that is gone, infinitely late. */
  async function modifiedAt(file: string): Promise<number> {
    return ifThere(async () => (await stat(file)).mtimeMs, Number.POSITIVE_INFINITY);
  }

  async function renamed(from: string, to: string): Promise<boolean> {
    return ifThere(async () => {
      await rename(from, to);
      return true;
    }, false);
  }

  async function namesIn(folder: string): Promise<string[]> {
    return gate.pass(async () => readdir(folder));
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
    await gate.pass(async () => unlink(aside));
    return true;
  }

  async function stage(workspaceId: string, source: Readable, limit: number): Promise<StagedBlob> {
    const counted = hashed(limit);
    const aside = await writeAside(passed(source, counted.pass));
    const { sha256, bytes } = counted.result();
    return {
      sha256,
      bytes,
      async keep() {
        if (await refreshed(pathOf(workspaceId, sha256))) await removeFile(aside);
        else await moveIntoPlace(aside, workspaceId, sha256);
      },
      drop: async () => removeFile(aside),
    };
  }

  async function openBlob(workspaceId: string, sha256: string): Promise<FileHandle> {
    return openFile(pathOf(workspaceId, sha256), 'r').catch((error: unknown) => {
      throw missing(error) ? blobNotFound(sha256) : error;
    });
  }

  async function readWhole(workspaceId: string, sha256: string): Promise<Buffer> {
    const handle = await openBlob(workspaceId, sha256);
    try {
      const { size } = await gate.pass(async () => handle.stat());
      const bytes = Buffer.allocUnsafe(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await gate.pass(async () =>
          handle.read(bytes, at, Math.min(WHOLE_PIECE_BYTES, size - at), at),
        );
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.subarray(0, at);
    } finally {
      await close(handle);
    }
  }

  async function read(workspaceId: string, sha256: string): Promise<Readable> {
    const handle = await openBlob(workspaceId, sha256);
    let under: Promise<void> = Promise.resolve();
    /** Once nobody reads from it any more. */
    async function release(): Promise<void> {
      await under;
      await close(handle).catch(() => undefined);
    }
    return new Readable({
      highWaterMark: PIECE_BYTES,
      read() {
        under = gate
          .pass(async () => handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES))
          .then(({ bytesRead, buffer: piece }) => {
            this.push(bytesRead === 0 ? null : piece.subarray(0, bytesRead));
          })
          .catch((error: unknown) => void this.destroy(error as Error));
      },
      destroy(error, done) {
        void release();
        done(error);
      },
    });
  }

  async function* blobs(): AsyncGenerator<{ workspaceId: string; sha256: string; file: string }> {
    for (const workspace of await namesIn(root)) {
      if (workspace.startsWith('.')) continue;
      for (const prefix of await namesIn(path.join(root, workspace))) {
        const folder = path.join(root, workspace, prefix);
        for (const sha256 of await namesIn(folder)) {
          yield { workspaceId: decodeURIComponent(workspace), sha256, file: path.join(folder, sha256) };
        }
      }
    }
  }

  return {
    stage,

    async remove(workspaceId, sha256, graceMs, isReferenced) {
      await makeFolder(incoming);
      const file = pathOf(workspaceId, sha256);
      const isThere = Number.isFinite(await modifiedAt(file));
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

    get: readWhole,

    open: read,

    async has(workspaceId, sha256) {
      return Number.isFinite(await modifiedAt(pathOf(workspaceId, sha256)));
    },

    async *list() {
      await makeFolder(root);
      for await (const { workspaceId, sha256 } of blobs()) yield { workspaceId, sha256 };
    },

    async sweep(graceMs, isReferenced) {
      const cutoff = Date.now() - graceMs;
      let removed = 0;
      await makeFolder(incoming);
      for await (const { workspaceId, sha256, file } of blobs()) {
        if (await removeOld(file, cutoff, async () => isReferenced(workspaceId, sha256))) removed += 1;
      }
      for (const left of await namesIn(incoming)) {
        const file = path.join(incoming, left);
        if ((await modifiedAt(file)) <= cutoff) await removeFile(file);
      }
      return removed;
    },
  };
}

/** Feeds a stream through a transform, so that an error of either ends the reader. */
async function* passed(
  source: Readable,
  pass: (chunk: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield pass(chunk as Uint8Array);
}

/** A folder's name for any workspace id: no separators, no leading dot. */
function encodeWorkspace(workspaceId: string): string {
  return encodeURIComponent(workspaceId).replace(/^\./, '%2E');
}

function missing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
