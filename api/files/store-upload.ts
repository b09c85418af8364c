import type { Request } from 'express';
import { extension } from 'mime-types';
import { fileNameOf } from '../../core/files/file-name.ts';
import { quotaExceeded } from '../../core/files/quota-exceeded.ts';
import type { BlobStore, StagedBlob } from '../../providers/blob/blob-store.ts';
import type { FileStore, NewFile, StoredFile } from '../../providers/store/files.ts';
import type { BodyLease } from '../bodies/body-budget.ts';
import type { NewId } from '../new-id.ts';
import { mimeTypeOf } from './mime-type.ts';
import { receiveUpload, type Upload } from './receive-upload.ts';
import { refuseOverQuota } from './refuse-over-quota.ts';
import type { UploadsUnderWay } from './uploads-under-way.ts';

export interface StoreUploadDeps {
  files: Pick<FileStore, 'room' | 'create' | 'loosen'>;
  blobs: Pick<BlobStore, 'stage'>;
  uploads: UploadsUnderWay;
  newId: NewId;
  /** Of all files of a workspace. */
  quotaBytes: number;
}

/** What a form said, apart from its file. */
type Fields = Upload['fields'];

/**
 * Makes a file of the workspace from a multipart form.
 *
 * @param options.knownFields - text fields that the form may have.
 * @param options.lease - counts what is held of the form besides the file.
 * @param options.check - checks the text fields, and says when the file expires; what it throws refuses the upload.
 * @throws `invalid_request` (also `storage_quota_exceeded`), `too_large` beyond `maxBytes`, and what `check` and the stores throw.
 */
export async function storeUpload(
  deps: StoreUploadDeps,
  request: Request,
  options: {
    workspaceId: string;
    maxBytes: number;
    knownFields: readonly string[];
    lease: Pick<BodyLease, 'take'>;
    check(fields: Fields, filename: string): Pick<NewFile, 'expiresInSeconds'>;
  },
): Promise<{ stored: StoredFile; fields: Fields }> {
  const { files, blobs, uploads, newId, quotaBytes } = deps;
  const { workspaceId, maxBytes, knownFields, lease, check } = options;
  // A workspace that is full need not send its file first.
  const room = await refuseOverQuota(files, workspaceId, request, quotaBytes);
  const account = uploads.begin(workspaceId, room, quotaBytes);
  try {
    const form = { blobs, workspaceId, maxBytes, knownFields, account, lease };
    const { file, fields } = await receiveUpload(request, form);
    const stored = await keep(files, file, quotaBytes, () => {
      const mimeType = mimeTypeOf(file.type, file.name);
      const filename = fileNameOf(file.name, extension(mimeType) || null);
      const { expiresInSeconds } = check(fields, filename);
      const { bytes, sha256 } = file;
      const name = { id: newId('file'), workspaceId, sessionId: null, filename, mimeType };
      return { ...name, bytes, sha256, downloadable: false, expiresInSeconds };
    });
    return { stored, fields };
  } finally {
    account.end();
  }
}

/**
 * Turns an upload that came into a file, or leaves nothing of it: its bytes are stored only once everything that is known about it was
 * checked. Should the file be refused after that, by a quota that others used up at this moment, its bytes count until they are swept.
 */
async function keep(
  files: StoreUploadDeps['files'],
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
