import { quotaExceeded } from '../../core/files/quota-exceeded.ts';
import type { StagedBlob } from '../../providers/blob/blob-store.ts';
import type { FileStore, NewFile, StoredFile } from '../../providers/store/files.ts';

/**
 * Turns an upload that came into a file, or leaves nothing of it: its bytes are stored only once everything that is known about it was
 * checked. Should the file be refused after that, by a quota that others used up at this moment, its bytes count until they are swept.
 *
 * @param toFile - checks the form; what it throws refuses the upload.
 * @throws `invalid_request` (`storage_quota_exceeded`), and what `toFile` and the stores throw.
 */
export async function keepUpload(
  files: Pick<FileStore, 'room' | 'create' | 'loosen'>,
  upload: StagedBlob,
  quotaBytes: number,
  toFile: () => NewFile,
): Promise<StoredFile> {
  let file: NewFile;
  try {
    file = toFile();
    const room = await files.room(file.workspaceId, quotaBytes);
    if (upload.bytes > room.files) throw quotaExceeded(quotaBytes);
    await upload.keep();
  } catch (error) {
    await upload.drop();
    throw error;
  }
  try {
    return await files.create(file, quotaBytes);
  } catch (error) {
    await files.loosen(file.workspaceId, [upload]);
    throw error;
  }
}
