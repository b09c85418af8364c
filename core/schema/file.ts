import type { BetaFileMetadata } from '@anthropic-ai/sdk/resources/beta/files';
import { z } from 'zod';
import { queryInteger, queryList } from './query.ts';
import { Reference } from './ids.ts';
import { Cursor } from './page.ts';
import { Timestamp } from './time.ts';

const HOUR = 3_600;
const NINETY_DAYS = 7_776_000;

/** The form of `POST /v1/files`. */
export const FileUpload = z.object({
  file: z.string().meta({ format: 'binary' }),
  expires_in_seconds: queryInteger(HOUR, NINETY_DAYS).optional(),
});

/** Seconds until a file expires, as the form's text field has them. */
export const ExpiresInSeconds = queryInteger(HOUR, NINETY_DAYS);

/** A name of a file: what every system can hold, without a path. */
export const FileName = z
  .string()
  .min(1)
  .max(255)
  // eslint-disable-next-line no-control-regex
  .regex(/^[^<>:"|?*\\/\u0000-\u001f\u007f]+$/, 'must not contain < > : " | ? * \\ / or control characters');

export const FileListQuery = z
  .object({
    limit: queryInteger(1, 1_000).optional(),
    page: Cursor.optional(),
    ids: queryList(Reference, 1_000).optional(),
    scope_id: Reference.optional(),
    after_id: Reference.optional(),
    before_id: Reference.optional(),
  })
  .superRefine(({ ids, limit, page }, context) => {
    if (ids === undefined) return;
    if (new Set(ids).size > 100) {
      context.addIssue({ code: 'custom', path: ['ids'], message: 'at most 100 ids' });
    }
    if (limit !== undefined || page !== undefined) {
      context.addIssue({ code: 'custom', path: ['ids'], message: 'cannot be combined with limit or page' });
    }
  });

/** A file as the API shows it. */
export const FileMetadata = z
  .object({
    id: z.string(),
    type: z.literal('file'),
    filename: z.string(),
    mime_type: z.string(),
    size_bytes: z.int(),
    created_at: Timestamp,
    downloadable: z.boolean(),
    expires_at: Timestamp.nullable(),
    scope: z.object({ type: z.literal('session'), id: z.string() }).nullable(),
  })
  .meta({ id: 'FileMetadata' }) satisfies z.ZodType<BetaFileMetadata>;

export const FileDeleted = z.object({ id: z.string(), type: z.literal('file_deleted') });
