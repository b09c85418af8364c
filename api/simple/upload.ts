import type { Request } from 'express';
import { extension } from 'mime-types';
import { AppError } from '../../core/errors.ts';
import { fileNameOf } from '../../core/files/file-name.ts';
import { mountPathOf, samePlace } from '../../core/files/mount-path.ts';
import { MAX_RESOURCES } from '../../core/schema/session-resource.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore } from '../../providers/store/files.ts';
import type { SessionRecord, SessionStore } from '../../providers/store/sessions.ts';
import { mimeTypeOf } from '../files/mime-type.ts';
import { keepUpload } from '../files/keep-upload.ts';
import { receiveUpload } from '../files/receive-upload.ts';
import { refuseOverQuota } from '../files/refuse-over-quota.ts';
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
): Promise<{ attachment: Attachment; message: string }> {
  const { files, sessions, newId } = deps;
  const { workspaceId, id: sessionId } = session;
  if (session.status === 'terminated') {
    throw new AppError('invalid_request', `Session ${sessionId} is terminated; nothing can be added to it.`);
  }
  await refuseOverQuota(files, workspaceId, request, deps.quotaBytes);
  const { file, fields } = await receiveUpload(request, {
    blobs: deps.blobs,
    workspaceId,
    maxBytes: MAX_BYTES,
    knownFields: ['path', 'message'],
  });
  let path = '';
  const stored = await keepUpload(files, file, deps.quotaBytes, () => {
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
  return { attachment: toAttachment(path, stored), message: fields.get('message') ?? '' };
}
