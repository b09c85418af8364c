import type { IncomingHttpHeaders } from 'node:http';
import type { BetaDeletedFile, BetaFileMetadata } from '@anthropic-ai/sdk/resources/beta/files';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import {
  ExpiresInSeconds,
  FileDeleted,
  FileListQuery,
  FileMetadata,
  FileUpload,
} from '../../core/schema/file.ts';
import { idParam } from '../../core/schema/ids.ts';
import { pageOf } from '../../core/schema/page.ts';
import type { BlobStore } from '../../providers/blob/blob-store.ts';
import type { FileStore, StoredFile } from '../../providers/store/files.ts';
import type { Position } from '../../providers/store/position.ts';
import { leaseOf } from '../bodies/body-lease.ts';
import { encodeCursor, pageStart } from '../cursor.ts';
import { sendContent } from '../files/send-content.ts';
import { storeUpload } from '../files/store-upload.ts';
import type { UploadsUnderWay } from '../files/uploads-under-way.ts';
import type { NewId } from '../new-id.ts';
import { defineRoute, defineStreamRoute, type Route } from '../route.ts';
import { validate } from '../validate.ts';

const params = z.object({ file_id: idParam('file') });
const tag = 'Files';
const OCTETS = 'application/octet-stream';

export interface FileRouteDeps {
  files: FileStore;
  blobs: BlobStore;
  uploads: UploadsUnderWay;
  newId: NewId;
  /** Unix milliseconds. */
  now: () => number;
  /** Of one file. */
  maxFileBytes: number;
  /** Of all files of a workspace. */
  quotaBytes: number;
  /** For uploads that name no time themselves; null: never. */
  expireAfterSeconds: number | null;
}

/** The routes of files. */
export function fileRoutes(deps: FileRouteDeps): Route[] {
  const { files, blobs, now } = deps;

  async function find(workspaceId: string, id: string): Promise<StoredFile> {
    const file = await files.get(workspaceId, id);
    if (!file) throw new AppError('not_found', `File ${id} was not found.`);
    return file;
  }

  /** Where a page of the list starts: at a cursor, or beside a file. */
  async function placeOf(
    workspaceId: string,
    query: z.output<typeof FileListQuery>,
  ): Promise<{ position: Position; side: 'after' | 'before' } | null> {
    const position = pageStart('files', query.page);
    if (position !== null) return { position, side: 'after' };
    const side = query.after_id === undefined ? 'before' : 'after';
    const id = query.after_id ?? query.before_id;
    if (id === undefined) return null;
    const file = await files.get(workspaceId, id);
    if (!file) throw new AppError('invalid_request', `${side}_id: file ${id} was not found`);
    return { position: { at: file.createdAt, id }, side };
  }

  return [
    defineStreamRoute({
      method: 'POST',
      path: '/v1/files',
      operationId: 'uploadFile',
      summary: 'Upload a file',
      tag,
      rate: 'create',
      form: FileUpload,
      response: FileMetadata,
      content: 'application/json',
      handle: async ({ raw, caller: { workspaceId } }, response) => {
        const { stored } = await storeUpload(deps, raw, {
          workspaceId,
          maxBytes: deps.maxFileBytes,
          knownFields: ['expires_in_seconds'],
          lease: leaseOf(response),
          check(fields) {
            const seconds = fields.get('expires_in_seconds');
            if (seconds === undefined) return { expiresInSeconds: deps.expireAfterSeconds };
            return { expiresInSeconds: validate(ExpiresInSeconds, seconds, 'expires_in_seconds') };
          },
        });
        response.json(toFileMetadata(stored));
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/files',
      operationId: 'listFiles',
      summary: 'List files, newest first',
      tag,
      rate: 'read',
      query: FileListQuery,
      response: pageOf(FileMetadata),
      handle: async ({ query, caller: { workspaceId }, headers }) => {
        if (query.ids !== undefined) {
          const found = await files.some(workspaceId, [...new Set(query.ids)]);
          const matching = found.filter(
            ({ sessionId }) => query.scope_id === undefined || sessionId === query.scope_id,
          );
          return { data: matching.map(toFileMetadata), next_page: null };
        }
        const { items, hasMore } = await files.list(workspaceId, {
          limit: query.limit ?? 20,
          from: await placeOf(workspaceId, query),
          sessionId: query.scope_id ?? null,
        });
        const last = items.at(-1);
        const data = items.map(toFileMetadata);
        // Clients from before version 1.0 know these, and no cursors.
        const byId = { has_more: hasMore, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
        return {
          data,
          next_page: hasMore && last ? encodeCursor('files', { at: last.createdAt, id: last.id }) : null,
          ...(isLegacy(headers) ? byId : {}),
        };
      },
    }),

    defineRoute({
      method: 'GET',
      path: '/v1/files/{file_id}',
      operationId: 'getFile',
      summary: 'Get what is known about a file',
      tag,
      rate: 'read',
      params,
      response: FileMetadata,
      handle: async ({ params: { file_id: id }, caller }) =>
        toFileMetadata(await find(caller.workspaceId, id)),
    }),

    defineStreamRoute({
      method: 'GET',
      path: '/v1/files/{file_id}/content',
      operationId: 'downloadFile',
      summary: 'Download a file that a session made',
      tag,
      rate: 'read',
      params,
      content: OCTETS,
      handle: async ({ params: { file_id: id }, caller: { workspaceId } }, response, signal) => {
        const file = await find(workspaceId, id);
        if (file.expiresAt !== null && file.expiresAt <= now()) {
          throw new AppError('not_found', `File ${id} has expired.`, {
            details: { error_code: 'file_expired' },
          });
        }
        if (!file.downloadable) {
          throw new AppError(
            'invalid_request',
            `File ${id} was uploaded; only files that a session made can be downloaded.`,
            {
              details: { error_code: 'file_not_downloadable' },
            },
          );
        }
        const content = await blobs.open(workspaceId, file.sha256);
        const { bytes, mimeType: type, filename } = file;
        await sendContent(response, { content, bytes, type, filename }, signal);
      },
    }),

    defineRoute({
      method: 'DELETE',
      path: '/v1/files/{file_id}',
      operationId: 'deleteFile',
      summary: 'Delete a file',
      tag,
      rate: 'write',
      params,
      response: FileDeleted,
      handle: async ({ params: { file_id: id }, caller }): Promise<BetaDeletedFile> => {
        if (!(await files.delete(caller.workspaceId, id))) {
          throw new AppError('not_found', `File ${id} was not found.`);
        }
        return { id, type: 'file_deleted' };
      },
    }),
  ];
}

function isLegacy(headers: IncomingHttpHeaders): boolean {
  return String(headers['anthropic-beta'] ?? '').includes('files-api-2025-04-14');
}

function toFileMetadata(file: StoredFile): BetaFileMetadata {
  return {
    id: file.id,
    type: 'file',
    filename: file.filename,
    mime_type: file.mimeType,
    size_bytes: file.bytes,
    created_at: new Date(file.createdAt).toISOString(),
    downloadable: file.downloadable,
    expires_at: file.expiresAt === null ? null : new Date(file.expiresAt).toISOString(),
    scope: file.sessionId === null ? null : { type: 'session', id: file.sessionId },
  };
}
