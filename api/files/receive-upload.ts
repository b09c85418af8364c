import busboy from 'busboy';
import type { Request } from 'express';
import { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import type { BlobStore, StagedBlob } from '../../providers/blob/blob-store.ts';
import type { BodyLease } from '../bodies/body-budget.ts';
import { watchPace } from '../read-body.ts';
import type { UploadAccount } from './uploads-under-way.ts';

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
 * @param options.knownFields - text fields that the form may have.
 * @param options.account - counts the file's bytes as they come; its end is the caller's.
 * @param options.lease - counts what is held of the rest of the form.
 * @throws `invalid_request`, `too_large` beyond `maxBytes`, and what account, lease and blob store throw.
 */
export async function receiveUpload(
  request: Request,
  options: {
    blobs: Pick<BlobStore, 'stage'>;
    workspaceId: string;
    maxBytes: number;
    knownFields: readonly string[];
    account: Pick<UploadAccount, 'take'>;
    lease: Pick<BodyLease, 'take'>;
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
  { blobs, workspaceId, maxBytes, knownFields, account, lease }: Parameters<typeof receiveUpload>[1],
): Promise<Upload> {
  const fields = new Map<string, string>();
  let file: Promise<Upload['file']> | undefined;
  /** Whether what comes is a file's, which goes to the disk. */
  let isFile = false;

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
      isFile = true;
      stream.once('close', () => (isFile = false));
      // Whoever reads it is told; it may also break when nobody does, and would then end the process.
      stream.on('error', () => undefined);
      if (field === 'file') {
        const counted = Readable.from(counting(stream, account), { objectMode: false });
        return take(blobs.stage(workspaceId, counted, maxBytes), info.filename, info.mimeType);
      }
      stream.resume();
      return refuse(`${field.slice(0, 100)}: is not a field of this form`);
    });
    parser.on('field', (field, value, info) => {
      if (info.valueTruncated || info.nameTruncated)
        return refuse(`${field.slice(0, 100)}: is too long for a text field`);
      if (field === 'file') {
        const bytes = Buffer.from(value, 'utf8');
        const counted = Readable.from(counting([bytes], account), { objectMode: false });
        return take(blobs.stage(workspaceId, counted, MAX_FIELD_BYTES), undefined, info.mimeType);
      }
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
    request.on('data', (chunk: Buffer) => {
      if (isFile) return;
      try {
        lease.take(chunk.length);
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
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

/** Passes bytes on once they are counted. */
async function* counting(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  account: Pick<UploadAccount, 'take'>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    const piece = chunk as Uint8Array;
    account.take(piece.length);
    yield piece;
  }
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
