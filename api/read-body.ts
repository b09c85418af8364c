import express, { type Request, type Response } from 'express';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { checkJsonText } from './check-json-text.ts';
import { checkText } from './check-text.ts';

/** Bytes of a JSON body at most, after decompression. */
export const MAX_BODY_BYTES = 32_000_000;
/** A body that brings less than this in {@link PACE_MS} is held open on purpose. */
const PACE_BYTES = 1_024;
const PACE_MS = 12_000;

const readRaw = express.raw({ type: () => true, limit: MAX_BODY_BYTES });

/**
 * Reads a JSON body. Undefined when there is none, whatever the content type.
 *
 * @throws `invalid_request`, `too_large`.
 */
export async function readJsonBody(request: Request, response: Response): Promise<Json | undefined> {
  const bytes = await readBytes(request, response);
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (!isJson(request)) {
    const type = request.headers['content-type'] ?? 'none';
    throw new AppError(
      'invalid_request',
      `The content-type header must be application/json for a JSON body; it is ${JSON.stringify(type.slice(0, 100))}.`,
    );
  }
  const text = decoded(bytes);
  checkJsonText(text);
  const value = parsed(text);
  checkText(value);
  return value;
}

/** Closes connections that bring a body by drops, so that they cannot pile up. The returned function ends the watch. */
export function watchPace(request: Request): () => void {
  const { socket } = request;
  let before = socket.bytesRead;
  const timer = setInterval(() => {
    if (socket.bytesRead - before < PACE_BYTES) socket.destroy();
    before = socket.bytesRead;
  }, PACE_MS);
  timer.unref();
  const stop = () => clearInterval(timer);
  socket.once('close', stop);
  return () => {
    stop();
    socket.off('close', stop);
  };
}

async function readBytes(request: Request, response: Response): Promise<Buffer | undefined> {
  const stop = watchPace(request);
  try {
    await new Promise<void>((resolve, reject) => {
      readRaw(request, response, (error?: unknown) => {
        if (error === undefined) resolve();
        else reject(bodyError(error));
      });
    });
  } finally {
    stop();
  }
  return Buffer.isBuffer(request.body) ? request.body : undefined;
}

function bodyError(error: unknown): unknown {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') {
    return new AppError('too_large', `The request body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
  if (type === 'encoding.unsupported') {
    return new AppError('invalid_request', 'The content-encoding header names no supported encoding.', {
      details: { error_code: 'request_body_encoding_unsupported' },
    });
  }
  if (error instanceof Error && 'status' in error && error.status === 400) {
    return new AppError('invalid_request', `The request body cannot be read: ${error.message}.`);
  }
  // Whatever zlib says of a broken compressed body.
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
    return new AppError('invalid_request', 'The request body is not valid for its content-encoding.', {
      details: { error_code: 'request_body_encoding_invalid' },
    });
  }
  return error;
}

function isJson(request: Request): boolean {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type);
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decoded(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new AppError('invalid_request', 'The request body is not valid UTF-8.');
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll('\0', '\\0').slice(0, 200) : '';
    throw new AppError('invalid_request', `The request body is not valid JSON: ${reason}`);
  }
}
