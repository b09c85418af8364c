import type { Request, Response } from 'express';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { leaseOf } from './bodies/body-lease.ts';
import { readBytes, type BodyLimits } from './bodies/read-bytes.ts';
import { checkJsonText } from './check-json-text.ts';
import { checkText } from './check-text.ts';

/** Bytes of a JSON body at most, after decompression. */
export const MAX_BODY_BYTES = 32_000_000;
/** A body that brings less than this in {@link PACE_MS} is held open on purpose. */
const PACE_BYTES = 1_024;
const PACE_MS = 12_000;

/** What a caller who is known may send. */
export const FULL_BODY: BodyLimits = { bytes: MAX_BODY_BYTES, compressed: true };
/** What is read of somebody who is not known, or where nothing is expected. */
export const SMALL_BODY: BodyLimits = { bytes: 16_384, compressed: false };

/**
 * Reads a JSON body. Undefined when there is none, whatever the content type.
 *
 * @throws `invalid_request`, `too_large`; `unavailable` or `rate_limited` when too many bodies are read at once.
 */
export async function readJsonBody(
  request: Request,
  response: Response,
  limits = FULL_BODY,
): Promise<Json | undefined> {
  const stop = watchPace(request);
  const bytes = await readBytes(request, limits, leaseOf(response)).finally(stop);
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

/**
 * Closes connections that bring a body by drops, so that they cannot pile up. The returned function ends the watch.
 *
 * @param most - of a body that nobody wants: about how many bytes may come of it before its connection is closed too.
 */
export function watchPace(request: Request, most = Infinity): () => void {
  const { socket } = request;
  const first = socket.bytesRead;
  let before = first;
  const timer = setInterval(() => {
    if (socket.bytesRead - before < PACE_BYTES || socket.bytesRead - first > most) socket.destroy();
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
