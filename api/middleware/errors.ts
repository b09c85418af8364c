import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Logger } from 'pino';
import { AppError, errorRow, isAppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { toDiskFull } from '../../providers/disk/storage-fault.ts';
import { requestIdOf } from './request-id.ts';

/** The body of every error answer. */
export interface ErrorEnvelope {
  type: 'error';
  error: { type: string; message: string; details?: JsonObject };
  request_id: string;
}

/** What streams say when the other end went away, or when it was told so just after it had taken everything. */
const BROKEN_OFF = new Set([
  'ABORT_ERR',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ECONNRESET',
  'EPIPE',
]);

function isBrokenOff(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && BROKEN_OFF.has(String(thrown.code));
}

/** The one translation of errors to HTTP. What is no {@link AppError} is a defect: it is logged, and its words stay here. */
export function errors(log: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const id = requestIdOf(response);
    const error = toAppError(thrown);
    // Of an answer that its client broke off, the line of the request says that it was not finished.
    if (!(response.closed && isBrokenOff(thrown))) logFailure(error, thrown, request, id);
    if (response.headersSent) {
      // After what was written already, so that a client sees an answer that broke off, and does not ask again.
      setImmediate(() => response.destroy(error));
      return;
    }
    send(response, error, id);
  };

  function logFailure(error: AppError, thrown: unknown, { method, path }: Request, id: string): void {
    if (error.code === 'internal') {
      log.error({ err: thrown, request_id: id, method, path }, 'request failed');
    } else if (errorRow(error.code).http >= 500) {
      log.warn({ err: error, request_id: id, method, path }, 'request failed');
    }
  }
}

function send(response: Response, error: AppError, id: string): void {
  const { http, type, retry } = errorRow(error.code);
  // Clients repeat these by default.
  if (retry === 'never' && (http === 409 || http >= 500)) response.setHeader('x-should-retry', 'false');
  if (retry === 'later' && http !== 500) {
    const wait = error.retryAfterMs ?? 1_000;
    response.setHeader('retry-after', String(Math.max(1, Math.ceil(wait / 1_000))));
  }
  const details = error.details === undefined ? {} : { details: error.details };
  const envelope: ErrorEnvelope = {
    type: 'error',
    error: { type, message: error.message, ...details },
    request_id: id,
  };
  response.status(http).json(envelope);
}

function toAppError(thrown: unknown): AppError {
  if (isAppError(thrown)) return thrown;
  const full = toDiskFull(thrown, 'disk');
  if (full !== null) return full;
  // The router's complaint about a path that cannot be decoded.
  if (thrown instanceof Error && 'status' in thrown && thrown.status === 400) {
    return new AppError('invalid_request', `The request cannot be read: ${thrown.message}.`);
  }
  return new AppError(
    'internal',
    'An internal error occurred; the server’s log has it under this request id.',
  );
}
