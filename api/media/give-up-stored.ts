import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore } from '../../providers/store/files.ts';

interface Storing {
  blobs: Pick<BlobStore, 'put'>;
  media: { blobs: Pick<BlobStore, 'put' | 'get'>; files: Pick<FileStore, 'loosen'> };
}

/**
 * Does what stores blobs before anything refers to them, and gives them up when it fails: they count against the workspace's quota until
 * they are swept, as deleted files do. That is harmless for those that were there before, or that are referred to all the same.
 */
export async function giveUpStored<Deps extends Storing, Result>(
  deps: Deps,
  workspaceId: string,
  work: (deps: Deps) => Promise<Result>,
): Promise<Result> {
  const stored: { sha256: string; bytes: number }[] = [];
  const noting = <Blobs extends Pick<BlobStore, 'put'>>(blobs: Blobs): Blobs => ({
    ...blobs,
    async put(place: string, bytes: Uint8Array) {
      const blob = await blobs.put(place, bytes);
      stored.push(blob);
      return blob;
    },
  });
  try {
    const { blobs, media } = deps;
    return await work({ ...deps, blobs: noting(blobs), media: { ...media, blobs: noting(media.blobs) } });
  } catch (error) {
    await deps.media.files.loosen(workspaceId, stored);
    throw error;
  }
}
