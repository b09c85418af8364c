import type { Request } from 'express';
import { AppError } from '../../core/errors.ts';
import { mountPathOf, samePlace } from '../../core/files/mount-path.ts';
import { MAX_RESOURCES } from '../../core/schema/session-resource.ts';
import type { FileStore } from '../../providers/store/files.ts';
import type { SessionRecord, SessionStore } from '../../providers/store/sessions.ts';
import type { BodyLease } from '../bodies/body-budget.ts';
import { storeUpload, type StoreUploadDeps } from '../files/store-upload.ts';
import { checkPlace } from '../sessions/new-resources.ts';
import { toAttachment, type Attachment } from './attachments.ts';

const MAX_BYTES = 100 * 1024 * 1024;
const FOLDER = '/mnt/session/uploads/';

export interface UploadDeps extends StoreUploadDeps {
  files: StoreUploadDeps['files'] & Pick<FileStore, 'delete'>;
  sessions: Pick<SessionStore, 'attach' | 'detach'>;
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
  let path = '';
  const { stored, fields } = await storeUpload(deps, request, {
    workspaceId,
    maxBytes: MAX_BYTES,
    knownFields: ['path', 'message'],
    lease,
    check(form, filename) {
      path = mountPathOf(form.get('path') ?? FOLDER + filename, filename, 'path');
      return { expiresInSeconds: null };
    },
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
