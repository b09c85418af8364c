import { AppError } from '../../core/errors.ts';
import type { BlobStore } from './blob-store.ts';

/**
 * Copies every blob from one store into another that lacks it. The names are hashes of what is stored, so each copy is checked.
 * Blobs that are removed meanwhile are left out: nothing refers to them. Returns how many were copied and how many were there.
 *
 * @throws `internal` for a blob whose bytes are not those of its name.
 */
export async function copyBlobs(
  source: Pick<BlobStore, 'list' | 'open'>,
  target: Pick<BlobStore, 'has' | 'putStream'>,
): Promise<{ copied: number; present: number }> {
  let copied = 0;
  let present = 0;
  for await (const { workspaceId, sha256 } of source.list()) {
    if (await target.has(workspaceId, sha256)) {
      present += 1;
      continue;
    }
    const stream = await source.open(workspaceId, sha256).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'not_found') return null;
      throw error;
    });
    if (stream === null) continue;
    const stored = await target.putStream(workspaceId, stream, Number.MAX_SAFE_INTEGER);
    if (stored.sha256 !== sha256) {
      throw new AppError(
        'internal',
        `The blob ${sha256} of ${workspaceId} is damaged: its bytes have another hash.`,
      );
    }
    copied += 1;
  }
  return { copied, present };
}
