import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { isAppError, isStoreAway } from '../../core/errors.ts';

/** gRPC's codes for a server that cannot be had, or is not in time. */
const NOBODY_ANSWERS: ReadonlySet<number> = new Set([1, 4, 14]);

/** Whether an error says that store or Temporal cannot be had, so that the next session would fare no better. */
export function concernsAll(error: unknown): boolean {
  if (isAppError(error)) return isStoreAway(error);
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && NOBODY_ANSWERS.has(cause.code);
}
