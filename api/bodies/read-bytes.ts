import type { Readable } from 'node:stream';
import zlib from 'node:zlib';
import type { Request } from 'express';
import { AppError, isAppError } from '../../core/errors.ts';
import type { BodyLease } from './body-budget.ts';

/** What a body may be. */
export interface BodyLimits {
  /** Bytes at most, after decompression. */
  bytes: number;
  /** Whether it may be compressed. */
  compressed: boolean;
}

const DECODERS: Record<string, () => zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress> = {
  gzip: () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress(),
};

/**
 * Reads a request's body. It is decompressed piece by piece, and each piece is counted before the next is asked for, so that no more is
 * ever held than the limit. Undefined when there is none.
 *
 * @throws `invalid_request`, `too_large`, and what the lease throws. The request's rest is then left unread.
 */
export async function readBytes(
  request: Request,
  limits: BodyLimits,
  lease: BodyLease,
): Promise<Buffer | undefined> {
  const length = request.headers['content-length'];
  if (length === undefined && request.headers['transfer-encoding'] === undefined) return undefined;
  if (Number(length) === 0) return undefined;
  if (Number(length) > limits.bytes) throw tooLarge(limits);
  const decoder = decoderFor(request, limits);
  try {
    if (decoder === null) return await collect(request.iterator({ destroyOnReturn: false }), limits, lease);
    return await inflated(request, decoder, limits, lease);
  } catch (error) {
    throw bodyError(error, request, decoder !== null);
  }
}

function decoderFor(request: Request, { compressed }: BodyLimits) {
  const name = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return null;
  const open = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  if (compressed && open !== undefined) return open();
  throw new AppError(
    'invalid_request',
    compressed
      ? 'The content-encoding header names no supported encoding; gzip, deflate and br are.'
      : 'The body of this request must not be compressed. Leave the content-encoding header out.',
    { details: { error_code: 'request_body_encoding_unsupported' } },
  );
}

async function inflated(
  request: Request,
  decoder: Readable & NodeJS.WritableStream,
  limits: BodyLimits,
  lease: BodyLease,
): Promise<Buffer> {
  // A client that goes in the middle never ends its body.
  const abandon = () => {
    if (!request.complete) decoder.destroy(new Error('request aborted'));
  };
  request.once('close', abandon);
  request.pipe(decoder);
  try {
    return await collect(decoder, limits, lease);
  } finally {
    request.off('close', abandon);
    request.unpipe(decoder);
    request.pause();
    decoder.destroy();
  }
}

async function collect(
  stream: AsyncIterable<unknown>,
  limits: BodyLimits,
  lease: BodyLease,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const piece = chunk as Uint8Array;
    bytes += piece.length;
    if (bytes > limits.bytes) throw tooLarge(limits);
    lease.take(piece.length);
    chunks.push(piece);
  }
  const [only] = chunks;
  return chunks.length === 1 && Buffer.isBuffer(only) ? only : Buffer.concat(chunks, bytes);
}

function tooLarge({ bytes }: BodyLimits): AppError {
  return new AppError('too_large', `The request body is larger than ${bytes} bytes.`);
}

function bodyError(error: unknown, request: Request, isCompressed: boolean): unknown {
  if (isAppError(error)) return error;
  if (!request.complete && request.destroyed) {
    return new AppError('invalid_request', 'The connection ended before the request body did.');
  }
  if (!isCompressed) return error;
  return new AppError('invalid_request', 'The request body is not valid for its content-encoding.', {
    details: { error_code: 'request_body_encoding_invalid' },
  });
}
