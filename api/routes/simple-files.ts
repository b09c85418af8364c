import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { AppError } from '../../core/errors.ts';
import { SimpleFileQuery } from '../../core/schema/simple.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';
import type { SessionStore } from '../../providers/store/sessions.ts';
import type { Caller } from '../access.ts';
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
    file: StoredFile,
    type: string,
    response: Response,
    signal: AbortSignal,
  ): Promise<void> {
    const content = await deps.blobs.open(file.workspaceId, file.sha256);
    response.setHeader('content-type', type);
    response.setHeader('content-length', file.bytes);
    await pipeline(content, response, { signal });
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
        if (headers['if-none-match'] === tag) {
          response.status(304).end();
          return;
        }
        const type = TEXT.test(file.mimeType) ? 'text/plain; charset=utf-8' : file.mimeType;
        // Browsers show no PDF in a sandbox; it cannot reach the page either way.
        const sandbox = type === 'application/pdf' ? '' : '; sandbox';
        response.setHeader('content-security-policy', `default-src 'none'${sandbox}`);
        if (type === file.mimeType && !INLINE.test(type)) response.attachment(file.filename);
        await send(file, type, response, signal);
      },
    }),
    defineStreamRoute({
      ...shared,
      path: '/api/files/download',
      operationId: 'simpleDownloadFile',
      summary: 'Download a file of a session',
      handle: async ({ query, caller }, response, signal) => {
        const file = await find(caller, query, signal);
        response.attachment(file.filename);
        await send(file, file.mimeType, response, signal);
      },
    }),
  ];
}
