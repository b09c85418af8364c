import busboy from 'busboy';
import type { Request } from 'express';
import { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import type { BlobStore, StagedBlob } from '../../providers/blob/blob-store.ts';
import { watchPace } from '../read-body.ts';

/** A file named `file` that comes as a plain text field may have as many bytes. */
const MAX_FIELD_BYTES = 1_048_576;
/** What is still read of a refused upload, so that its sender gets to see the answer. */
const MAX_IGNORED_BYTES = 64 * 1_048_576;

/** What a form brought. */
export interface Upload {
  file: { name: string | null; type: string } & StagedBlob;
  fields: ReadonlyMap<string, string>;
}

/**
 * Reads a multipart form with one file, which is staged in the blob store as it comes: the caller keeps it when all that it checks is
 * well, and drops it else.
 *
 * @param knownFields - text fields that the form may have.
 * @throws `invalid_request`, `too_large` beyond `maxBytes`, and what the blob store throws.
 */
export async function receiveUpload(
  request: Request,
  options: {
    blobs: Pick<BlobStore, 'stage'>;
    workspaceId: string;
    maxBytes: number;
    knownFields: readonly string[];
  },
): Promise<Upload> {
  const parser = openParser(request);
  const stop = watchPace(request);
  try {
    return await readForm(request, parser, options);
  } catch (error) {
    request.unpipe(parser);
    ignoreRest(request);
    throw error;
  } finally {
    stop();
  }
}

function openParser(request: Request): busboy.Busboy {
  const type = request.headers['content-type'] ?? 'none';
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw new AppError(
      'invalid_request',
      `The content-type header must be multipart/form-data with a boundary; it is ${JSON.stringify(type.slice(0, 100))}.`,
    );
  }
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      // Paths are cut off later, by one rule for all systems.
      preservePath: true,
      limits: { files: 1, fields: 10, parts: 12, fieldSize: MAX_FIELD_BYTES, fieldNameSize: 100 },
    });
  } catch (error) {
    throw malformed(error);
  }
}

async function readForm(
  request: Request,
  parser: busboy.Busboy,
  { blobs, workspaceId, maxBytes, knownFields }: Parameters<typeof receiveUpload>[1],
): Promise<Upload> {
  const fields = new Map<string, string>();
  let file: Promise<Upload['file']> | undefined;

  await new Promise<void>((resolve, reject) => {
    const refuse = (message: string) => reject(new AppError('invalid_request', message));
    const take = (staging: Promise<StagedBlob>, name: string | undefined, type: string) => {
      if (file) {
        staging.then(async (second) => second.drop()).catch(() => undefined);
        return refuse('file: is there twice');
      }
      file = staging.then((staged) => ({ name: name ?? null, type, ...staged }));
      file.catch(reject);
      return undefined;
    };
    parser.on('file', (field: string, stream: Readable, info) => {
      if (field === 'file')
        return take(blobs.stage(workspaceId, stream, maxBytes), info.filename, info.mimeType);
      stream.resume();
      return refuse(`${field.slice(0, 100)}: is not a field of this form`);
    });
    parser.on('field', (field, value, info) => {
      if (info.valueTruncated || info.nameTruncated)
        return refuse(`${field.slice(0, 100)}: is too long for a text field`);
      if (field === 'file')
        return take(
          blobs.stage(workspaceId, Readable.from([Buffer.from(value, 'utf8')]), MAX_FIELD_BYTES),
          undefined,
          info.mimeType,
        );
      if (!knownFields.includes(field)) return refuse(`${field.slice(0, 100)}: is not a field of this form`);
      if (fields.has(field)) return refuse(`${field}: is there twice`);
      fields.set(field, value);
      return undefined;
    });
    for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) {
      parser.on(limit, () => refuse('The form has too many parts.'));
    }
    parser.on('error', (error) => reject(malformed(error)));
    parser.on('close', () => resolve());
    request.once('close', () => {
      if (!request.complete) reject(new AppError('invalid_request', 'The upload ended before its end.'));
    });
    request.pipe(parser);
  }).catch(async (error: unknown) => {
    // A file that is still coming breaks with the form, and leaves nothing by itself.
    parser.destroy();
    file?.then(async (staged) => staged.drop()).catch(() => undefined);
    throw error;
  });
  if (!file) throw new AppError('invalid_request', 'file: expected a file');
  return { file: await file, fields };
}

/** Reads on without keeping anything, but not for ever. */
function ignoreRest(request: Request): void {
  let ignored = 0;
  request.on('data', (chunk: Buffer) => {
    ignored += chunk.length;
    if (ignored > MAX_IGNORED_BYTES) request.socket.destroy();
  });
  request.resume();
}

function malformed(error: unknown): AppError {
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError('invalid_request', `The multipart form cannot be read: ${reason}.`);
}
