import type { Request } from 'express';
import { extension } from 'mime-types';
import { AppError } from '../../core/errors.ts';
import { fileNameOf } from '../../core/files/file-name.ts';
import { mountPathOf, samePlace } from '../../core/files/mount-path.ts';
import { MAX_RESOURCES } from '../../core/schema/session-resource.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';
import type { SessionRecord, SessionStore } from '../../providers/store/sessions.ts';
import { mimeTypeOf } from '../files/mime-type.ts';
import { keepUpload } from '../files/keep-upload.ts';
import { receiveUpload } from '../files/receive-upload.ts';
import { refuseOverQuota } from '../files/refuse-over-quota.ts';
import type { UploadsUnderWay } from '../files/uploads-under-way.ts';
import type { BodyLease } from '../bodies/body-budget.ts';
import type { NewId } from '../new-id.ts';
import { checkPlace } from '../sessions/new-resources.ts';
import { toAttachment, type Attachment } from './attachments.ts';

const MAX_BYTES = 100 * 1024 * 1024;
const FOLDER = '/mnt/session/uploads/';

export interface UploadDeps {
  files: Pick<FileStore, 'create' | 'delete' | 'room' | 'get' | 'loosen'>;
  blobs: Pick<BlobStore, 'stage'>;
  sessions: Pick<SessionStore, 'attach' | 'detach'>;
  newId: NewId;
  uploads: UploadsUnderWay;
  quotaBytes: number;
}

/**
 * Takes a file and places it into a session's sandbox, where the same path had one before in place of that. It goes with the session.
 *
 * @returns what a message can name it by, and the message of the form.
 * @throws `invalid_request`, `too_large` above 100 MiB.
 */
export async function uploadTo(
  deps: UploadDeps,
  session: SessionRecord,
  request: Request,
  lease: Pick<BodyLease, 'take'>,
): Promise<{ attachment: Attachment; message: string }> {
  const { files, sessions, newId } = deps;
  const { workspaceId, id: sessionId } = session;
  if (session.status === 'terminated') {
    throw new AppError('invalid_request', `Session ${sessionId} is terminated; nothing can be added to it.`);
  }
  const { stored, path, message } = await take(deps, workspaceId, request, lease);
  try {
    for (const resource of session.resources) {
      if (samePlace(resource.mountPath, path)) await sessions.detach(workspaceId, sessionId, resource.id);
    }
    const resource = { id: newId('resource'), copyOf: stored.id, fileId: newId('file'), mountPath: path };
    await sessions.attach(workspaceId, sessionId, resource, (existing) => {
      if (existing.length >= MAX_RESOURCES) {
        throw new AppError('invalid_request', `A session holds at most ${MAX_RESOURCES} resources.`);
      }
      checkPlace(path, existing, `path: ${path} is taken by another resource`);
    });
  } finally {
    // The session has a copy of its own.
    await files.delete(workspaceId, stored.id);
  }
  return { attachment: toAttachment(path, stored), message };
}

/** Stores what the form brings, as a file of the workspace. */
async function take(
  { files, blobs, uploads, newId, quotaBytes }: UploadDeps,
  workspaceId: string,
  request: Request,
  lease: Pick<BodyLease, 'take'>,
): Promise<{ stored: StoredFile; path: string; message: string }> {
  const room = await refuseOverQuota(files, workspaceId, request, quotaBytes);
  const account = uploads.begin(workspaceId, room, quotaBytes);
  try {
    const knownFields = ['path', 'message'];
    const options = { blobs, workspaceId, maxBytes: MAX_BYTES, knownFields, account, lease };
    const { file, fields } = await receiveUpload(request, options);
    let path = '';
    const stored = await keepUpload(files, file, quotaBytes, () => {
      const mimeType = mimeTypeOf(file.type, file.name);
      const filename = fileNameOf(file.name, extension(mimeType) || null);
      path = mountPathOf(fields.get('path') ?? FOLDER + filename, filename, 'path');
      const { bytes, sha256 } = file;
      const id = newId('file');
      return {
        id,
        workspaceId,
        sessionId: null,
        filename,
        mimeType,
        bytes,
        sha256,
        downloadable: false,
        expiresInSeconds: null,
      };
    });
    return { stored, path, message: fields.get('message') ?? '' };
  } finally {
    account.end();
  }
}
