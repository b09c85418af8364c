import { ApplicationFailure } from '@temporalio/common';
import { errorRow, isAppError } from '../core/errors.ts';
import { HandedBack } from '../core/handed-back.ts';
import { toDiskFull } from '../providers/disk/storage-fault.ts';

/**
 * Translates errors for Temporal, the only place that does: the failure's type is the error's code, and the table says whether the
 * activity is tried again. Errors that are not ours are defects or broken connections; they are retried until they pass.
 */
export function toFailure(thrown: unknown): unknown {
  if (thrown instanceof HandedBack)
    return ApplicationFailure.create({
      type: 'handed_back',
      message: thrown.message,
      nextRetryDelay: thrown.delayMs,
    });
  const error = isAppError(thrown) ? thrown : toDiskFull(thrown, 'disk');
  if (error === null) return thrown;
  const nonRetryable = errorRow(error.code).retry === 'never';
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable,
    ...(error.retryAfterMs === undefined || nonRetryable ? {} : { nextRetryDelay: error.retryAfterMs }),
    cause: error,
  });
}
