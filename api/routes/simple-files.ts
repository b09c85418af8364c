import type { Response } from 'express';
import { AppError } from '../../core/errors.ts';
import { SimpleFileQuery } from '../../core/schema/simple.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';
import type { SessionStore } from '../../providers/store/sessions.ts';
import type { Caller } from '../access.ts';
import { guardContent, sendContent } from '../files/send-content.ts';
import { defineStreamRoute, type Route } from '../route.ts';
import { findSession } from '../sessions/find-session.ts';
import { fileAt } from '../simple/session-files.ts';

export interface SimpleFileDeps {
  sessions: Pick<SessionStore, 'get'>;
  files: Pick<FileStore, 'some' | 'list'>;
  blobs: Pick<BlobStore, 'open'>;
  /** Unix milliseconds. */
  now: () => number;
}

/** What browsers may show in place. Everything that can hold scripts is shown as plain text, or downloaded. */
const INLINE = /^(image\/(png|jpeg|gif|webp|avif)|application\/pdf|audio\/[\w.+-]+|video\/[\w.+-]+)$/;
const TEXT = /^(text\/[\w.+-]+|application\/(json|xml|javascript|yaml|x-[\w.+-]+sh)|image\/svg\+xml)$/;

/** The routes of a session's files by their paths in its sandbox. */
export function simpleFileRoutes(deps: SimpleFileDeps): Route[] {
  async function find(
    { workspaceId }: Caller,
    { session_id: id, path }: { session_id: string; path: string },
    signal: AbortSignal,
  ): Promise<StoredFile> {
    const session = await findSession(deps.sessions, workspaceId, id);
    const file = await fileAt(deps.files, session, path, signal);
    if (file.expiresAt === null || file.expiresAt > deps.now()) return file;
    throw new AppError('not_found', `File ${file.id} has expired.`, {
      details: { error_code: 'file_expired' },
    });
  }

  async function send(
    { workspaceId, sha256, bytes, filename }: StoredFile,
    { type, isShown }: { type: string; isShown: boolean },
    response: Response,
    signal: AbortSignal,
  ): Promise<void> {
    const content = await deps.blobs.open(workspaceId, sha256);
    await sendContent(response, { content, bytes, type, filename, isShown }, signal);
  }

  const shared = {
    method: 'GET',
    tag: 'Simple door',
    rate: 'read',
    query: SimpleFileQuery,
    content: 'application/octet-stream',
  } as const;

  return [
    defineStreamRoute({
      ...shared,
      path: '/api/files/content',
      operationId: 'simpleShowFile',
      summary: 'Show a file of a session in place',
      handle: async ({ query, caller, headers }, response, signal) => {
        const file = await find(caller, query, signal);
        // The agent may write the file again at any time, so a browser that has it asks whether it is still the same.
        const tag = `"${file.sha256}"`;
        response.setHeader('cache-control', 'private, no-cache');
        response.setHeader('etag', tag);
        const type = TEXT.test(file.mimeType) ? 'text/plain; charset=utf-8' : file.mimeType;
        const isShown = type !== file.mimeType || INLINE.test(type);
        if (headers['if-none-match'] === tag) {
          guardContent(response, type, isShown);
          response.status(304).end();
          return;
        }
        await send(file, { type, isShown }, response, signal);
      },
    }),
    defineStreamRoute({
      ...shared,
      path: '/api/files/download',
      operationId: 'simpleDownloadFile',
      summary: 'Download a file of a session',
      handle: async ({ query, caller }, response, signal) => {
        const file = await find(caller, query, signal);
        await send(file, { type: file.mimeType, isShown: false }, response, signal);
      },
    }),
  ];
}
